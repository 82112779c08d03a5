import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { STEPS } from './steps.js';
import { takeTour } from './tour.js';

describe('The tour', () => {
  it('goes as docs/tour.md says: each command ends as it has to and shows what it has to', async function () {
    const missing = ['bash', 'curl', 'script'].filter(
      (program) => spawnSync(program, ['--version']).error !== undefined,
    );
    if (missing.length > 0) return this.skip();
    await takeTour();
  });

  it('is written down with every command', () => {
    const written = readFileSync(fileURLToPath(new URL('../../../docs/tour.md', import.meta.url)), 'utf8');
    const typed = STEPS.flatMap((step) => ('type' in step ? [step.type] : 'start' in step ? [step.start] : []));
    expect(typed.filter((command) => !written.includes(`$ ${command}`))).to.deep.equal([]);
  });
});
