/**
 * test/chaos/run.ts: `node dist/test/chaos/run.js --seconds N [--seed S]`: round after round, by turns
 * with each request on its own connection to a backend and with several on one; exit 1 on a violation. */
import { parseArgs } from 'node:util';
import { playRound } from './chaos.js';

const CLIENTS = 60;
const PIPELINING = 8;

const USAGE = 'Usage: node dist/test/chaos/run.js --seconds N [--seed S], with N above 0 and a whole number S';

const values = typed();
const [seconds, firstSeed] = [Number(values.seconds), Number(values.seed)];
if (!(seconds > 0) || !Number.isInteger(firstSeed)) {
  console.error(USAGE);
  process.exit(2);
}

const until = performance.now() + seconds * 1_000;
for (let seed = firstSeed; performance.now() < until; seed++) {
  try {
    const { endings, violations, harmless, disappointments } = await playRound(
      seed,
      CLIENTS,
      seed % 2 === 0 ? PIPELINING : 1,
    );
    console.log(
      `seed ${seed}: ${JSON.stringify(endings)}, ${disappointments.length} of ${harmless} harmless ones not right`,
    );
    for (const what of [...violations, ...disappointments]) console.log(`  ${what}`);
    if (violations.length > 0 || disappointments.length > harmless / 20) process.exitCode = 1;
  } catch (error) {
    console.log(`seed ${seed}:`, error);
    process.exitCode = 1;
  }
}

/** @returns the options; an unknown one, `--help` among them, ends the program with the usage */
function typed(): { readonly seconds: string; readonly seed: string } {
  try {
    return parseArgs({
      options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
    }).values;
  } catch {
    console.error(USAGE);
    process.exit(2);
  }
}
