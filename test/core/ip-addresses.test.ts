import { isIP } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { parseAddress } from '../../src/core/address.js';
import { clientKey } from '../../src/core/client-key.js';
import { splitRange } from '../../src/core/ip-range.js';

const group = fc.oneof(
  fc.constant('0'),
  fc.integer({ min: 0, max: 0xffff }).map((number) => number.toString(16)),
  fc.constant('ffff'),
);
const zone = fc.oneof(fc.constant(''), fc.constantFrom('%eth0', '%br-lan', '%eth0.100'));
/** IPv4 addresses that came over a socket for both families, in all their spellings. */
const mapped = fc
  .tuple(
    fc.constantFrom('::ffff:', '::FFFF:', '0:0::ffff:', '0:0:0:0:0:ffff:'),
    fc.oneof(fc.ipV4(), fc.tuple(group, group)),
  )
  .map(([before, behind]) => `${before}${Array.isArray(behind) ? behind.join(':') : behind}`);
const ipv6 = fc
  .tuple(
    fc.oneof(
      fc.ipV6(),
      mapped,
      fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(':')),
      fc
        .tuple(fc.array(group, { maxLength: 3 }), fc.array(group, { maxLength: 3 }))
        .map(([a, b]) => `${a.join(':')}::${b.join(':')}`),
    ),
    zone,
    fc.boolean(),
  )
  .map(([text, scope, isUpper]) => `${isUpper ? text.toUpperCase() : text}${scope}`)
  .filter((text) => isIP(text) === 6);

/** What ipaddr.js takes an address for. It knows no zone `eth0.100`, and takes `::10.0.0.1` for `::ffff:10.0.0.1`. */
function parsed(text: string): ReturnType<typeof ipaddr.parse> {
  return ipaddr.parse(text.replace(/%.*/, '').replace(/^::(?=[\d.]+$)/, '0::'));
}

describe('Addresses, held against ipaddr.js', () => {
  it('tell IPv6 clients apart by their /64, and IPv4 clients by their address in whatever spelling', () => {
    fc.assert(
      fc.property(ipv6, (text) => {
        const address = parsed(text);
        if ('isIPv4MappedAddress' in address && address.isIPv4MappedAddress()) {
          expect(clientKey(text)).to.equal(address.toIPv4Address().toString());
        } else {
          const site = [...address.toByteArray().slice(0, 8), ...Array<number>(8).fill(0)];
          const [network = '', prefix] = clientKey(text).split('/');
          expect([ipaddr.parse(network).toByteArray(), prefix], text).to.deep.equal([site, '64']);
        }
      }),
    );
    expect(clientKey('10.0.0.1')).to.equal('10.0.0.1');
  });

  it('have one spelling as a backend', () => {
    fc.assert(
      fc.property(ipv6, (text) => {
        const address = parseAddress(`[${text}]:80`, 1);
        if (typeof address === 'string') throw new Error(`${text} ${address}`);
        expect(parsed(address.host).toByteArray(), text).to.deep.equal(parsed(text).toByteArray());
        // Of all spellings the same, with the zone that it is in.
        const long = parsed(text).toNormalizedString();
        expect(parseAddress(`[${long}${/%.*/.exec(text)?.[0] ?? ''}]:80`, 1), text).to.deep.equal(address);
      }),
    );
  });

  it('make a range with as many bits as an address has, and no more', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 0, max: 140 }), (network, prefix) => {
        const text = `${network}/${prefix}`;
        expect(splitRange(text), text).to.deep.equal(ipaddr.isValidCIDR(text) ? { network, prefix } : undefined);
      }),
    );
    // ipaddr.js takes these, some of them in octal.
    for (const text of ['10.1/8', '010.0.0.0/8', '0x0a.0.0.0/8', '167772160/8', '10.0.0.0/8/8', '10.0.0.0/']) {
      expect(splitRange(text), text).to.equal(undefined);
    }
  });
});
