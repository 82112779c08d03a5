/**
 * config/module-thread.ts: imports one configuration module on a thread of its own and sends what it exports. Whatever
 * the module or its imports leave behind ends with the thread, and the next load sees every change in any of them.
 */
import { parentPort, workerData } from 'node:worker_threads';

/** What the thread says, once. */
export type ModuleOutcome =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'nothing-exported' }
  | {
      readonly kind: 'threw';
      readonly name: string;
      readonly code: string;
      readonly message: string;
      readonly stack: string;
    }
  | { readonly kind: 'no-data'; readonly path: readonly string[] };

/** Deeper than any configuration, so that one which holds itself ends here too. */
const MAX_DEPTH = 50;

// Not awaited here: a module that never settles would have Node warn of this file.
void load(String(workerData)).then(send);

function send(outcome: ModuleOutcome): void {
  try {
    parentPort?.postMessage(outcome);
  } catch {
    // Data can cross to another thread; a function or a symbol cannot.
    const path = outcome.kind === 'value' ? (pathOfNoData(outcome.value, []) ?? []) : [];
    parentPort?.postMessage({ kind: 'no-data', path } satisfies ModuleOutcome);
  }
}

/** @param url of the module; its default export may be a configuration, the promise of one, or a function that makes one */
async function load(url: string): Promise<ModuleOutcome> {
  try {
    const { default: exported } = (await import(url)) as { readonly default?: unknown };
    if (exported === undefined || exported === null) return { kind: 'nothing-exported' };
    const made: unknown = typeof exported === 'function' ? exported() : exported;
    return { kind: 'value', value: await made };
  } catch (error) {
    if (!(error instanceof Error)) return { kind: 'threw', name: '', code: '', message: String(error), stack: '' };
    const code = 'code' in error ? String(error.code) : '';
    return { kind: 'threw', name: error.name, code, message: error.message, stack: error.stack ?? '' };
  }
}

function pathOfNoData(value: unknown, path: readonly string[]): readonly string[] | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') return path;
  if (typeof value !== 'object' || value === null || path.length > MAX_DEPTH) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = pathOfNoData(inner, [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}
