import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { roundhouse } from '../../src/commands/definition.js';
import { commandReference } from '../../src/commands/reference.js';

describe('docs/cli.md', () => {
  it('is what "roundhouse reference" prints', () => {
    const page = new URL('../../../docs/cli.md', import.meta.url);
    expect(readFileSync(page, 'utf8')).to.equal(commandReference(roundhouse()));
  });
});
