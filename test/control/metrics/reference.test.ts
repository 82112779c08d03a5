import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { metricsReference } from '../../../src/control/metrics/reference.js';

describe('docs/metrics.md', () => {
  it('is what "roundhouse schema --metrics" prints', () => {
    expect(readFileSync('docs/metrics.md', 'utf8')).to.equal(metricsReference());
  });
});
