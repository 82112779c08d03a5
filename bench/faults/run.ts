/**
 * bench/faults/run.ts: `npm run faults`. Breaks backends, workers and the proxy's surroundings while clients ask, and
 * reports what they noticed. The proxies have the same fault at the same time, each with backends and load of its own.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Children } from '../children.js';
import { runBench } from '../command.js';
import { describeBusy, describeMachine, readMachine } from '../machine.js';
import { FAULTS } from './catalogue.js';
import type { Fault } from './fault.js';
import { introduction } from './introduction.js';
import { type FaultsOptions, parseOptions } from './options.js';
import { describeFault, type FaultOutcome, markdownReport } from './report.js';
import { playScene } from './scene.js';

/** In the sources: this file runs in dist/bench/faults/. */
const RESULTS = fileURLToPath(new URL('../../../bench/faults/RESULTS.md', import.meta.url));

async function playFault(fault: Fault, { product }: FaultsOptions, children: Children): Promise<FaultOutcome> {
  try {
    // Overloads of the proxy itself are played one after the other, so that each proxy has the machine to itself.
    if (fault.overload?.bottleneck !== 'proxy') {
      const products = product.filter(({ onlySaturated }) => !onlySaturated);
      return { fault, results: await Promise.all(products.map((each) => playScene(fault, each, children))) };
    }
    const results = [];
    for (const each of product) {
      results.push(await playScene(fault, each, children));
      await children.stop();
    }
    return { fault, results };
  } finally {
    await children.stop();
  }
}

/** @returns whether Roundhouse broke its promise; nothing is promised for the other proxies */
function isBroken({ fault, results }: FaultOutcome): boolean {
  const ours = results.find(({ product }) => product === 'roundhouse');
  if (ours === undefined) return false;
  // In an overload it may be the load generator that is too slow.
  if ('missing' in ours) return fault.overload === undefined;
  return ours.finding.sentTwice > 0 || (fault.promised && ours.finding.failures.replayable > 0);
}

runBench('faults', async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options.list) return console.log(FAULTS.map(({ name, summary }) => `${name.padEnd(16)}${summary}`).join('\n'));
  const machine = readMachine();
  const children = new Children();
  if (!options.json) console.log([describeMachine(machine), ...describeBusy(machine)].join('\n'));
  const outcomes: FaultOutcome[] = [];
  for (const fault of options.fault) {
    const outcome = await playFault(fault, options, children);
    outcomes.push(outcome);
    if (!options.json) console.log(describeFault(outcome));
  }
  if (options.json) console.log(JSON.stringify({ machine, outcomes }, null, 2));
  if (options.report) {
    const previous = existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8') : '';
    writeFileSync(RESULTS, markdownReport({ introduction: introduction(machine), faults: FAULTS }, outcomes, previous));
  }
  const broken = outcomes.filter(isBroken).map(({ fault }) => fault.name);
  if (broken.length === 0) return;
  console.error(`faults: Roundhouse does not keep what it promises: ${broken.join(', ')}`);
  process.exitCode = 1;
});
