/** test/core/own-address.test.ts: which addresses lead back to the balancer. */
import { expect } from 'chai';
import { parseAddress } from '../../src/core/address.js';
import { OwnAddresses } from '../../src/core/own-address.js';

const LOCAL = new Set(['127.0.0.1', '::1', '192.0.2.7', 'fe80::1']);

function leadsTo(target: string, ...listening: readonly string[]): string | undefined {
  const address = parseAddress(target, 1);
  if (typeof address === 'string') throw new Error(address);
  return new OwnAddresses(listening, () => LOCAL).find(address);
}

describe('An address', () => {
  const cases: readonly (readonly [target: string, listening: string, own: boolean])[] = [
    ['127.0.0.1:80', '127.0.0.1:80', true],
    ['127.0.0.1:81', '127.0.0.1:80', false],
    ['127.0.0.2:80', '127.0.0.1:80', false],
    ['127.0.0.2:80', '0.0.0.0:80', true],
    ['192.0.2.7:80', '0.0.0.0:80', true],
    ['192.0.2.8:80', '0.0.0.0:80', false],
    ['[::1]:80', '0.0.0.0:80', false],
    ['[::1]:80', '[::]:80', true],
    ['192.0.2.7:80', '[::]:80', true],
    ['[::ffff:192.0.2.7]:80', '0.0.0.0:80', true],
    ['[::ffff:127.0.0.1]:80', '127.0.0.1:80', true],
    ['[fe80::1%eth0]:80', '[::]:80', true],
    ['0.0.0.0:80', '127.0.0.1:80', true],
    ['0.0.0.0:80', '192.0.2.7:80', true],
    ['[::]:80', '0.0.0.0:80', true],
    ['name.test:80', '0.0.0.0:80', false],
    ['127.0.0.1:80', 'unix:/run/admin.sock', false],
    ['127.0.0.1:80', 'off', false],
  ];
  for (const [target, listening, own] of cases) {
    it(`${target} ${own ? 'leads' : 'does not lead'} back to a listener on ${listening}`, () => {
      expect(leadsTo(target, listening)).to.equal(own ? listening : undefined);
    });
  }
});
