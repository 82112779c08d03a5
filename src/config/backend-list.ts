/** config/backend-list.ts: parses `host:port[@weight],unix:/path,...`, the form in which the command line lists backends. */
import { socketFileOf } from '../core/address.js';
import { MAX_WEIGHT } from './schema.js';
import { UsageError } from './usage-error.js';

/** A backend as listed on the command line. */
export interface BackendArgument {
  readonly address: string;
  readonly weight?: number;
}

/**
 * Parses lists of backends. Addresses are validated later, by the schema.
 * @param texts the lists, several if backends were given as several arguments
 * @param source the argument, flag or variable that they come from, for messages
 * @throws {UsageError} an empty list or entry, a URL, or an invalid weight
 */
export function readBackends(texts: readonly string[], source: string): readonly BackendArgument[] {
  return texts.flatMap((text) => {
    if (text.trim() === '') throw new UsageError(`${source}: "${text}" lists no backend; write host:port,host:port`);
    return text.split(',').map((entry) => readBackend(entry.trim(), text, source));
  });
}

function readBackend(entry: string, list: string, source: string): BackendArgument {
  if (entry === '') throw new UsageError(`${source}: "${list}" has a comma without a backend next to it`);
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(entry)?.[0];
  if (scheme !== undefined) {
    throw new UsageError(`${source}: "${entry}" is a URL; leave "${scheme}" out and write host:port`);
  }
  const at = entry.lastIndexOf('@');
  // A path may have an @ of its own.
  const hasWeight = socketFileOf(entry) === undefined ? at >= 0 : /@\d+$/.test(entry);
  if (!hasWeight) return { address: entry };
  return { address: entry.slice(0, at), weight: readWeight(entry.slice(at + 1), entry, source) };
}

function readWeight(text: string, entry: string, source: string): number {
  const weight = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (weight >= 1 && weight <= MAX_WEIGHT) return weight;
  throw new UsageError(
    `${source}: "${entry}" has weight "${text}"; a weight is a whole number from 1 to ${MAX_WEIGHT}`,
  );
}
