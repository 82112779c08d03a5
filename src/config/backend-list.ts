/** config/backend-list.ts: `host:port[@weight],...`, the form in which a command line names its backends. */
import { MAX_WEIGHT } from './schema.js';
import { UsageError } from './usage-error.js';

export interface BackendInput {
  readonly address: string;
  readonly weight?: number;
}

/**
 * Reads the shape only; whether each address is one is for the schema to say.
 * @param texts lists that are read as one, so that backends may also come as several arguments
 * @param source who said it, for the message
 * @throws {UsageError} an empty list or entry, a URL, or a weight that is none
 */
export function readBackends(texts: readonly string[], source: string): readonly BackendInput[] {
  return texts.flatMap((text) => {
    if (text.trim() === '') throw new UsageError(`${source}: "${text}" holds no backend; write host:port,host:port`);
    return text.split(',').map((entry) => readBackend(entry.trim(), text, source));
  });
}

function readBackend(entry: string, list: string, source: string): BackendInput {
  if (entry === '') throw new UsageError(`${source}: "${list}" has a comma with no backend beside it`);
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(entry)?.[0];
  if (scheme !== undefined) {
    throw new UsageError(`${source}: "${entry}" is a URL; leave "${scheme}" out and write host:port`);
  }
  const at = entry.lastIndexOf('@');
  if (at < 0) return { address: entry };
  return { address: entry.slice(0, at), weight: readWeight(entry.slice(at + 1), entry, source) };
}

function readWeight(text: string, entry: string, source: string): number {
  const weight = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (weight >= 1 && weight <= MAX_WEIGHT) return weight;
  throw new UsageError(
    `${source}: "${entry}" has weight "${text}"; a weight is a whole number from 1 to ${MAX_WEIGHT}`,
  );
}
