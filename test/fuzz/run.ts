/** test/fuzz/run.ts: `npm run fuzz -- --seconds N [--seed S]`: a long run; exit 1 when anything is read differently. */
import { parseArgs } from 'node:util';
import { fuzzFirstBytes } from './first-bytes.js';
import { type Finding, fuzz, replayCorpus, type Score } from './fuzz.js';

const PROGRESS_MS = 60_000;
/** Part of the time that goes to PROXY headers and ClientHellos. */
const SHARE_OF_FIRST_BYTES = 0.1;

const USAGE = 'Usage: npm run fuzz -- --seconds N [--seed S], with N above 0 and a whole number S';

const values = typed();
const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
if (!(seconds > 0) || !Number.isInteger(seed)) {
  console.error(USAGE);
  process.exit(2);
}

console.log(`Fuzzing for ${seconds} s with seed ${seed} against llhttp ${process.versions['llhttp']}`);
const began = performance.now();
let reported = 0;
let told = 0;
const firstBytes = fuzzFirstBytes(seed, ({ inputs }) => {
  if (inputs % 256 !== 0) return true;
  return performance.now() - began < seconds * 1_000 * SHARE_OF_FIRST_BYTES;
});
console.log(`PROXY headers and ClientHellos: ${firstBytes.inputs} inputs, ${firstBytes.findings.length} findings`);
for (const { bytes, difference } of firstBytes.findings) console.log(`\n${bytes}\n  ${difference}`);
const known = replayCorpus();
tell(known.findings, 0);
const score = fuzz(seed, (soFar) => {
  told = tell(soFar.findings, told);
  // The clock costs more than an input; asking now and then is enough.
  if (soFar.inputs % 256 !== 0) return true;
  const passedMs = performance.now() - began;
  if (passedMs - reported >= PROGRESS_MS) {
    reported = passedMs;
    console.log(summary(soFar, passedMs));
  }
  return passedMs < seconds * 1_000;
});

console.log(summary(score, performance.now() - began));
tell(score.findings, told);
const found = [known, score, firstBytes].reduce((sum, { findings }) => sum + findings.length, 0);
process.exitCode = found === 0 ? 0 : 1;

/** Prints what was not told yet. @returns how much is told now */
function tell(findings: readonly Finding[], from: number): number {
  for (const { input, difference } of findings.slice(from)) {
    console.log(`\n${JSON.stringify(input)}\n  ${difference}`);
  }
  return findings.length;
}

function summary({ inputs, accepted, findings: found }: Score, passedMs: number): string {
  const rate = Math.round(inputs / (passedMs / 1_000));
  const share = ((100 * accepted) / Math.max(inputs, 1)).toFixed(1);
  return `${inputs} inputs, ${rate}/s, ${share} % accepted, ${found.length} read differently`;
}

/** @returns the options; an unknown one, `--help` among them, ends the program with the usage */
function typed(): { readonly seconds: string; readonly seed: string } {
  try {
    return parseArgs({
      options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: `${Date.now() >>> 0}` } },
    }).values;
  } catch {
    console.error(USAGE);
    process.exit(2);
  }
}
