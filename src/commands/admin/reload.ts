/**
 * commands/admin/reload.ts: what `reload` and `diff` do: make a running balancer read its file again, or show what
 * another file would change.
 */
import { loadConfig } from '../../config/load.js';
import { UsageError } from '../../config/usage-error.js';
import { table } from '../table.js';
import { type DiffAnswer, diffAnswer, reloadAnswer } from './answers.js';
import { clientFor, type Options, print } from './asking.js';

export interface DiffOptions extends Options {
  readonly config?: string | undefined;
}

/** Timeout of a reload, in milliseconds. Long, as a configuration that is a program may fetch its values elsewhere. */
const RELOAD_TIMEOUT_MS = 60_000;

/** Reloads the file. @throws {CouldNotRunError} why nothing has changed, with the line of the file if there is one */
export async function reload(options: Options): Promise<void> {
  const client = await clientFor(options);
  const question = { method: 'POST', path: '/api/reload', body: {}, withinMs: RELOAD_TIMEOUT_MS } as const;
  const { value } = await client.ask(reloadAnswer, question);
  print(options, value, linesOf(value.changes, 'Nothing has changed'));
}

/**
 * Shows what a reload of another file would change.
 * @throws {ConfigError} what is wrong with the file
 * @throws {UsageError} when no file is named
 */
export async function diff(options: DiffOptions): Promise<void> {
  if (options.config === undefined) throw new UsageError('diff: name the new configuration by -c FILE');
  // Read without flags and variables for settings: the running balancer applies its own over it.
  const config = await loadConfig({ config: options.config, backends: [] }, {}, process.env);
  const client = await clientFor(options);
  const { value } = await client.ask(diffAnswer, { method: 'POST', path: '/api/diff', body: config });
  print(options, value, [...linesOf(value.changes, 'Nothing would change'), ...costs(value)]);
}

function linesOf(changes: DiffAnswer['changes'], nothing: string): readonly string[] {
  if (changes.length === 0) return [nothing];
  return table(
    [{ heading: 'WHAT' }, { heading: 'CHANGE' }],
    changes.map(({ subject, change }) => [subject, change]),
  );
}

function costs({ movedKeys, leaving }: DiffAnswer): readonly string[] {
  const busy = Object.entries(leaving).filter(([, count]) => count > 0);
  return [
    ...Object.entries(movedKeys).map(([pool, share]) => `Of the keys of pool ${pool} ${percent(share)} would move`),
    ...busy.map(([pool, count]) => `In flight on what pool ${pool} would lose: ${count}, to be finished there`),
  ];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
