import { expect } from 'chai';
import { listenError, StartError } from '../../src/control/errors.js';
import { openListenSocket } from '../../src/control/listen-socket.js';
import { closeEverything, startTcp } from './support.js';

async function problemOf(opening: Promise<unknown>): Promise<unknown> {
  return opening.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('A listening socket of the primary', () => {
  afterEach(closeEverything);

  for (const accept of ['shared', 'round-robin'] as const) {
    it(`resolves port 0 once for all workers in mode ${accept}`, async () => {
      const socket = await openListenSocket('127.0.0.1:0', accept);
      expect(socket.address).to.match(/^127\.0\.0\.1:[1-9]\d*$/);
      expect(socket.handle === undefined, 'has no handle').to.equal(accept !== 'shared');
      socket.close();
      socket.close();
    });

    it(`says in one sentence that the address is in use in mode ${accept}`, async () => {
      const address = await startTcp();
      const problem = await problemOf(openListenSocket(address, accept));
      expect(problem).to.be.instanceOf(StartError);
      expect(problem).to.have.property('message', `Cannot listen on ${address}: the address is already in use`);
    });
  }

  it('listens where a name points', async () => {
    const socket = await openListenSocket('localhost:0', 'shared');
    expect(socket.address).to.match(/^(127\.0\.0\.1|\[::1\]):\d+$/);
    socket.close();
  });

  it('says that the host has no such address', async () => {
    // TEST-NET-1 (RFC 5737): no host has it.
    const problem = await problemOf(openListenSocket('192.0.2.1:0', 'shared'));
    expect(problem).to.have.property('message', 'Cannot listen on 192.0.2.1:0: this host has no such address');
  });

  it('leaves the port free once it is closed', async () => {
    const first = await openListenSocket('127.0.0.1:0', 'shared');
    first.close();
    const second = await openListenSocket(first.address, 'shared');
    expect(second.address).to.equal(first.address);
    second.close();
  });

  it('blames permission by the port', () => {
    expect(listenError('0.0.0.0:80', 'EACCES').message).to.equal(
      'Cannot listen on 0.0.0.0:80: ports below 1024 need more permission',
    );
    expect(listenError('0.0.0.0:8080', 'EACCES').message).to.equal('Cannot listen on 0.0.0.0:8080: permission denied');
  });
});
