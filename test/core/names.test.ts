import { expect } from 'chai';
import { addressesInHosts, candidatesFor, holdMs, NO_SEARCH, searchListOf } from '../../src/core/names.js';
import { milliseconds } from '../support/milliseconds.js';

const HOSTS = `
127.0.0.1\tlocalhost
::1 localhost ip6-localhost # the other one
# 10.0.0.9 app
fd00::7 app
10.0.0.7 App app.internal
`;

describe('A hosts file', () => {
  for (const [name, addresses] of [
    ['localhost', ['127.0.0.1', '::1']],
    ['APP', ['10.0.0.7', 'fd00::7']],
    ['app.internal.', ['10.0.0.7']],
    ['ap', []],
    ['10.0.0.7', []],
    ['', []],
  ] as const) {
    it(`gives "${name}" ${addresses.length === 0 ? 'no address' : addresses.join(' and ')}`, () => {
      expect(addressesInHosts(HOSTS, name)).to.deep.equal(addresses);
    });
  }

  it('that is empty or a binary file gives none', () => {
    expect([addressesInHosts('', 'app'), addressesInHosts('\0\n\xff \n', 'app')]).to.deep.equal([[], []]);
  });
});

describe('The names that DNS is asked for', () => {
  const kubernetes = searchListOf(
    'nameserver 10.96.0.10\nsearch shop.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n',
  );

  it('are those of the search list first for a name with few dots', () => {
    expect(candidatesFor('web', kubernetes)).to.deep.equal([
      'web.shop.svc.cluster.local',
      'web.svc.cluster.local',
      'web.cluster.local',
      'web',
    ]);
  });

  it('are the name itself first when it has as many dots as it takes', () => {
    expect(candidatesFor('a.b.c.d.e.f', kubernetes)[0]).to.equal('a.b.c.d.e.f');
    expect(candidatesFor('www.example.com', searchListOf('domain corp.example'))).to.deep.equal([
      'www.example.com',
      'www.example.com.corp.example',
    ]);
  });

  it('are the name alone when it ends in a dot, or there is no search list', () => {
    expect(candidatesFor('web.', kubernetes)).to.deep.equal(['web']);
    expect(candidatesFor('web', NO_SEARCH)).to.deep.equal(['web']);
  });

  it('are bounded, whatever the file says', () => {
    const many = searchListOf(`search ${Array.from({ length: 50 }, (_, i) => `d${i}`).join(' ')}\noptions ndots:9999`);
    expect(many.domains).to.have.lengthOf(6);
    expect(many.ndots).to.equal(15);
    expect(searchListOf('options ndots:x\nsearch .\n')).to.deep.equal(NO_SEARCH);
  });
});

describe('An answer holds', () => {
  const limits = { shortest: milliseconds(5_000), longest: milliseconds(300_000) };
  for (const [what, ttlMs, expected] of [
    ['for its TTL', 42_000, 42_000],
    ['for the least time when its TTL is 0', 0, 5_000],
    ['for the longest time when its TTL is a week', 604_800_000, 300_000],
    ['for half a minute when nobody says', undefined, 30_000],
  ] as const) {
    it(what, () => {
      expect(holdMs(ttlMs, limits)).to.equal(expected);
    });
  }
});
