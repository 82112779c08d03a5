import { expect } from 'chai';
import { POLICIES } from '../../src/balancing/policies.js';
import { createBalancer } from '../../src/library/balancer.js';
import { startBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';

describe('A pool that is configured without a backend', () => {
  afterEach(stopEverything);

  for (const policy of POLICIES) {
    it(`answers 503 until one is added at run time, and again once it is removed (${policy})`, async () => {
      const backend = await startBackend((_request, response) => response.end('here'));
      await using balancer = createBalancer({ pools: { web: { policy, backends: [] } } });
      await balancer.start();
      expect((await fetch(balancer.url)).status).to.equal(503);
      balancer.addBackend('web', backend.address);
      expect(await (await fetch(balancer.url)).text()).to.equal('here');
      balancer.removeBackend('web', backend.address);
      expect((await fetch(balancer.url)).status).to.equal(503);
    });
  }
});
