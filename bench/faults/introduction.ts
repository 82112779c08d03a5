/** bench/faults/introduction.ts: what a reader of RESULTS.md has to know before its tables. */
import { describeBusy, describeMachine, type Machine } from '../machine.js';
import { HEAD_AFTER_MS, REST_AFTER_MS } from './backend-modes.js';
import { SETTINGS } from './product.js';
import { PRODUCTS } from './products/index.js';
import { PATIENCE_MS, POST_EVERY, RATE, WORKERS } from './scene.js';

/** @returns the introduction as lines of Markdown */
export function introduction(machine: Machine): string[] {
  const { checkIntervalMs, checkTimeoutMs, rise, fall, connectMs, responseMs, retries, queueMs } = SETTINGS;
  const busy = describeBusy(machine).map((text) => ` Mind that ${text}.`);
  return [
    '# Faults',
    '',
    '<!-- Written by "npm run faults -- --report". -->',
    '',
    `What clients notice while something breaks. ${describeMachine(machine)}.${busy.join('')}`,
    '',
    `Three backends answer after ${HEAD_AFTER_MS} ms with half of a body and with the rest ${REST_AFTER_MS} ms later. ` +
      `${RATE} requests a second, one in ${POST_EVERY} a POST, are due at fixed times whatever happened to the ones ` +
      `before, and wait at most ${PATIENCE_MS / 1_000} s. All proxies have the same fault at the same time, each with ` +
      'backends and load of its own. All have:',
    `${connectMs} ms to connect, ${responseMs} ms for a response, at most ${queueMs} ms in a queue if they have one, ${retries} retries, ${WORKERS} workers; where they know health checks, ` +
      `every ${checkIntervalMs} ms for at most ${checkTimeoutMs} ms, ${fall} failures down, ${rise} successes up.`,
    '',
    ...PRODUCTS.map(({ name, find, settings }) => {
      const found = find();
      return `- **${name}**, ${'label' in found ? found.label : found.missing}: ${settings}.`;
    }),
    '',
    '*Replayable*: a GET whose response had not begun; another backend could have served it. *Begun*: a response broke ' +
      'off, which nobody can mend. *POST*: must not be sent twice, so a proxy may have to let it fail, and to let it wait for a backend that hangs. ' +
      '*Longest wait*: of a GET, for the first byte. *Left after*: from ' +
      'the fault until no more than a tenth of the requests met it; *back after*: from its end until the backend had half ' +
      'of its traffic again, for half a second; "not": not within the run. *Shares*: of what was served, by backend; the ' +
      'last backend is the one with the fault.',
  ];
}
