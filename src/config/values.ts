/** config/values.ts: schemas of the kinds of value in a configuration, each with a message that says what to write. */
import * as z from 'zod';
import { formatAddress, parseAddress, SOCKET_FILE_CLIENT, socketFileOf, socketFileProblem } from '../core/address.js';
import { splitRange } from '../core/ip-range.js';
import { passedSocketOf, passedSocketProblem } from '../core/passed-socket.js';

/** @returns a value as messages name it: `a list`, `a mapping`, or the value in quotes */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'a mapping' : `"${value}"`;
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
/** The longest duration that can be given, in milliseconds. */
export const LONGEST_MS = 24 * 3_600_000;

/** @returns milliseconds, 0 for `off`; `undefined` if `text` is not a duration of at most 24 hours */
export function durationMs(text: string): number | undefined {
  if (text === 'off' || text === '0') return 0;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  const exactMs = match === null ? Number.NaN : Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN);
  // A duration that only rounds to 0 is a mistake in the unit, not meant as `off`.
  if (exactMs > 0 && exactMs < 0.5) return undefined;
  return exactMs <= LONGEST_MS ? Math.round(exactMs) : undefined;
}

/** @returns a duration as {@link durationMs} reads it, in the largest unit that gives a whole number */
export function durationText(ms: number): string {
  if (ms === 0) return 'off';
  const unit = ['h', 'm', 's'].find((name) => ms % (UNIT_MS[name] ?? 1) === 0) ?? 'ms';
  return `${ms / (UNIT_MS[unit] ?? 1)}${unit}`;
}

// Given to the members as well: a number out of range is reported by the member, not by the union.
const notATime = {
  error: ({ input }: { readonly input?: unknown }) =>
    `${shown(input)} is not a time; write 500ms, 5s or 1m, at most 24h`,
};

/** Part of something shared that one client may be or have; 1 sets no bound. */
export const clientShare = z
  .number()
  .min(0.01, { error: 'must be at least 0.01' })
  .max(1, { error: 'must be at most 1, which sets no bound' })
  .default(0.5);

/**
 * A time: `500ms`, `5s`, `1m` or `1h`; `0` or `off` disables it. Parsed to whole milliseconds of the type
 * `Milliseconds` (`core/milliseconds.ts`), 0 to 24 hours. Integers are taken as milliseconds, so that a parsed
 * configuration parses again.
 */
export const duration = z
  .union([z.int(notATime).min(0, notATime).max(LONGEST_MS, notATime), z.string(notATime)], notATime)
  .transform((value, context) => {
    const ms = typeof value === 'number' ? value : durationMs(value);
    if (ms !== undefined) return ms;
    context.issues.push({ code: 'custom', input: value, message: notATime.error({ input: value }) });
    return z.NEVER;
  })
  .brand<'Milliseconds'>()
  .meta({ id: 'time' });

/** A duration longer than 0, which cannot be switched off. */
export const positiveDuration = duration
  .refine((ms) => ms > 0, { error: 'must be longer than 0' })
  .meta({ id: 'positiveTime' });

/** Delay before a request is hedged: a quantile of recent response times (`p95`), or a duration. */
export const hedgeDelay = z
  .union([z.enum(['p50', 'p75', 'p90', 'p95', 'p99']), positiveDuration], {
    error: ({ input }) => `${shown(input)} is not a delay; write p50, p75, p90, p95, p99 or a time, as in 50ms`,
  })
  .meta({ id: 'hedgeDelay' });

function address(lowestPort: 0 | 1, canonical = canonicalAddress): z.ZodType<string, string> {
  const notText = ({ input }: { readonly input?: unknown }) =>
    input === undefined ? undefined : `${shown(input)} is not an address; write host:port`;
  return z.string({ error: notText }).transform((text, context) => {
    const read = canonical(text, lowestPort);
    if (typeof read !== 'string') return read.address;
    context.issues.push({ code: 'custom', input: text, message: `"${text}" ${read}` });
    return z.NEVER;
  });
}

/** @returns the canonical form of `text`, or a clause that says what is wrong */
function canonicalAddress(text: string, lowestPort: 0 | 1): { readonly address: string } | string {
  const parsed = parseAddress(text, lowestPort);
  return typeof parsed === 'string' ? parsed : { address: formatAddress(parsed) };
}

function socketFileOrAddress(text: string, lowestPort: 0 | 1): { readonly address: string } | string {
  const path = socketFileOf(text);
  if (path === undefined) return canonicalAddress(text, lowestPort);
  return socketFileProblem(path) ?? { address: text };
}

function passedSocketOrAddress(text: string, lowestPort: 0 | 1): { readonly address: string } | string {
  const which = passedSocketOf(text);
  if (which === undefined) return canonicalAddress(text, lowestPort);
  return passedSocketProblem(which) ?? { address: text };
}

/**
 * Address of a listener: `host:port`, with port 0 the system chooses; `unix:/path`, a Unix domain socket; or `fd@NAME`, a
 * socket that systemd passes.
 */
export const listenAddress = address(0, passedSocketOrAddress).meta({ id: 'listenAddress' });
/** Address of the admin interface: `host:port`, or `unix:/path` for a Unix domain socket. */
export const adminAddress = address(0, socketFileOrAddress).meta({ id: 'adminAddress' });
/** Address of a backend. Parsed to its canonical form, which is also the backend's id. */
export const backendAddress = address(1).meta({ id: 'backendAddress' });

/** Clients: an IP address, a range, `10.0.0.0/8` (RFC 4632 section 3.1), or `unix:`, whoever comes over a socket file. */
export const clientRange = z
  .string()
  .refine((text) => text === SOCKET_FILE_CLIENT || splitRange(text) !== undefined, {
    error: ({ input }) => `"${input}" is not an IP address or range; write 10.0.0.1, 10.0.0.0/8 or unix:`,
  })
  .meta({ id: 'clientRange' });
