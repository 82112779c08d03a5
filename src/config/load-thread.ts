/**
 * config/load-thread.ts: the thread on which a running balancer reads its configuration: to parse and check ten thousand
 * routes takes half a second and more, in which the primary could do nothing else.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { ConfigError } from './config-error.js';
import { ConfigValue, configOf, loadConfig } from './load.js';
import type { LoadOrder, LoadOutcome } from './thread-load.js';
import { UsageError } from './usage-error.js';

// `workerData` is what thread-load.ts has given.
const order: LoadOrder = workerData;
void outcome().then((message) => parentPort?.postMessage(message));

async function outcome(): Promise<LoadOutcome> {
  const { args, environment, value } = order;
  try {
    const config =
      value === undefined
        ? await loadConfig(args, environment)
        : configOf(args, environment, new ConfigValue(value.of, ''));
    return { kind: 'config', config };
  } catch (error) {
    if (error instanceof ConfigError) {
      return { kind: 'config-error', problems: error.shown, further: error.further };
    }
    if (error instanceof UsageError) return { kind: 'usage-error', message: error.message };
    throw error;
  }
}
