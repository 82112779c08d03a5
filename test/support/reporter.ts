/**
 * test/support/reporter.ts: mocha's own report, and what a run of files side by side lacks: a closing line for programs
 * that read the output, and failure of a run in which no test was run. (`failZero` would ask that of each file, so
 * `--grep` could not be used.)
 */
import Mocha from 'mocha';

export default class Reporter extends Mocha.reporters.Spec {
  override done(failures: number, finish?: (failures: number) => void): void {
    const { passes, failures: failed, pending } = this.stats;
    const skipped = pending > 0 ? `, ${pending} skipped` : '';
    console.log(`${passes} passed, ${failed} failed${skipped}`);
    const ranNothing = passes + failed === 0;
    if (ranNothing) console.error('No test was run.');
    finish?.(ranNothing ? 1 : failures);
  }
}
