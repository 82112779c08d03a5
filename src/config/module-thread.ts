/**
 * config/module-thread.ts: the thread on which a configuration module is imported; it sends what the module exports.
 * All that the module or its imports leave behind ends with the thread, and the next load sees every change in any of
 * them.
 */
import { parentPort, workerData } from 'node:worker_threads';

/** The only message of the thread: what the module exports, or why that cannot be used. */
export type ModuleOutcome =
  | { readonly kind: 'value'; readonly value: unknown }
  /** There is no default export, or it is null. */
  | { readonly kind: 'nothing-exported' }
  | {
      readonly kind: 'threw';
      readonly name: string;
      readonly code: string;
      readonly message: string;
      readonly stack: string;
    }
  /** At `path` there is a function or a symbol, which is not data. */
  | { readonly kind: 'no-data'; readonly path: readonly string[] };

/** Levels that are searched for something that is not data; deeper than any configuration, and ends circular ones. */
const MAX_DEPTH = 50;

// Not awaited: for a module that never settles Node would print a warning about this file.
void load(String(workerData)).then(send);

function send(outcome: ModuleOutcome): void {
  try {
    parentPort?.postMessage(outcome);
  } catch {
    // Structured cloning fails for functions and symbols.
    const path = outcome.kind === 'value' ? (pathOfNoData(outcome.value, []) ?? []) : [];
    parentPort?.postMessage({ kind: 'no-data', path } satisfies ModuleOutcome);
  }
}

/**
 * @param url of a module whose default export is a configuration, a promise of one, or a function that returns either
 */
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
