import { expect } from 'chai';
import { FAULTS } from '../../../bench/faults/catalogue.js';
import { phasesOf } from '../../../bench/faults/schedule.js';

describe('The load of a fault', () => {
  it('is steady, unless the fault is the load', () => {
    const [killed] = FAULTS.filter(({ name }) => name === 'killed').map((fault) => phasesOf(fault, 100, 500));
    expect(killed).to.deep.equal([{ rate: 500, forMs: 16_000 }]);
  });

  it('is a multiple of the capacity for as long as an overload lasts, and half of it around that', () => {
    const [overload] = FAULTS.filter(({ name }) => name === 'overload').map((fault) => phasesOf(fault, 100, 500));
    expect(overload).to.deep.equal([
      { rate: 50, forMs: 2_000 },
      { rate: 200, forMs: 6_000 },
      { rate: 50, forMs: 4_000 },
    ]);
  });
});
