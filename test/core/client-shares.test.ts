import { expect } from 'chai';
import fc from 'fast-check';
import { ClientShares, RecentClients } from '../../src/core/client-shares.js';

function sharesOf(...clients: readonly (string | undefined)[]): ClientShares {
  const shares = new ClientShares();
  for (const client of clients) shares.add(client);
  return shares;
}

describe('The failures of one backend, by client', () => {
  it('count in full where they come from many', () => {
    expect(sharesOf('a', 'b', 'c', 'd', 'e').counted(0.5)).to.equal(5);
    expect(sharesOf('a', 'b', 'a', 'b').counted(0.5)).to.equal(4);
  });

  it('count as one where they come from one client', () => {
    expect(sharesOf('a', 'a', 'a', 'a', 'a', 'a').counted(0.5)).to.equal(1);
  });

  it('are never more than half of one client, however many it has', () => {
    expect(sharesOf('a', 'a', 'a', 'a', 'a', 'b', 'c').counted(0.5)).to.equal(4);
  });

  it('count in full where no client can have caused them', () => {
    expect(sharesOf(undefined, undefined, undefined, 'a', 'a', 'a', 'a').counted(0.5)).to.equal(6);
  });

  it('have the bound that is set, or none', () => {
    expect(sharesOf('a', 'a', 'a', 'a', 'a', 'b').counted(0.75)).to.equal(4);
    expect(sharesOf('a', 'a', 'a', 'a', 'a').counted(1)).to.equal(5);
  });

  it('count at most as often as they happened, and begin anew when they are cleared', () => {
    const client = fc.constantFrom('a', 'b', 'c', undefined);
    fc.assert(
      fc.property(fc.array(client), fc.double({ min: 0.01, max: 1, noNaN: true }), (clients, share) => {
        const shares = sharesOf(...clients);
        expect(shares.counted(share)).to.be.within(Math.min(1, clients.length), clients.length);
        shares.clear();
        expect(shares.counted(share)).to.equal(0);
      }),
    );
  });

  it('of more clients than are told apart take no more memory', () => {
    const shares = sharesOf(...Array.from({ length: 10_000 }, (_, index) => `${index}`));
    expect(shares.counted(0.5)).to.equal(10_000);
    expect(Reflect.get(shares, 'byClient')).to.have.property('size').at.most(32);
  });
});

describe('The clients of late', () => {
  it('have another one than a given one only if such a one was seen lately', () => {
    const clients = new RecentClients();
    expect(clients.hasOther('a', 0)).to.equal(false);
    clients.see('a', 1_000);
    clients.see('a', 2_000);
    expect(clients.hasOther('a', 0)).to.equal(false);
    expect(clients.hasOther('b', 0)).to.equal(true);
    clients.see('b', 3_000);
    for (const ms of [4_000, 5_000]) clients.see('a', ms);
    expect(clients.hasOther('a', 3_000)).to.equal(true);
    expect(clients.hasOther('a', 3_001)).to.equal(false);
  });
});
