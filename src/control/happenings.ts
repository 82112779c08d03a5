/**
 * control/happenings.ts: everything that can happen to backends, workers and the configuration and that an operator
 * wants to know, as a closed set. One row says how loud it is, what the log calls it, and what a person reads of it.
 */

import type { LogLevel } from '../config/schema.js';
import type { BackendId } from '../core/backend.js';

interface OfPool {
  readonly pool: string;
}

interface OfBackend extends OfPool {
  readonly backend: BackendId;
}

interface OfWorker {
  /** Its place among the workers, from 1. */
  readonly worker: number;
  readonly pid: number | undefined;
}

interface Because {
  /** In words. */
  readonly reason: string;
}

interface OfFile {
  readonly file: string;
}

/** What runs since. */
interface Start {
  readonly addresses: readonly string[];
  readonly workers: number;
  readonly accept: string;
  readonly backends: number;
  readonly policy: string;
  readonly admin: string;
}

interface Usable {
  /** How many backends are usable, of how many. */
  readonly usable: number;
  readonly backends: number;
}

/** What has to be known of each. Fields go into the log as they are. */
export interface Happenings {
  readonly started: Start;
  readonly 'backend-up': OfBackend & Because;
  readonly 'backend-down': OfBackend & Because;
  readonly 'backend-ejected': OfBackend & Because & { readonly why: string; readonly forMs: number };
  readonly 'backend-restored': OfBackend & Because;
  readonly 'backend-added': OfBackend & { readonly weight: number; readonly version: number };
  readonly 'backend-removed': OfBackend & { readonly version: number };
  readonly 'backend-changed': OfBackend & { readonly version: number } & Settings;
  readonly 'backend-drained': OfBackend;
  readonly 'drain-limited': OfBackend & { readonly withinMs: number };
  readonly 'drain-over': OfBackend & { readonly inflight: number };
  readonly 'pool-empty': OfPool;
  readonly panic: OfPool & Usable;
  readonly 'panic-over': OfPool & Usable;
  readonly 'config-reloaded': OfFile & { readonly changes: readonly string[] };
  readonly 'config-rejected': OfFile & Because;
  readonly 'worker-died': OfWorker & Because & { readonly replacedInMs: number };
  readonly 'worker-replaced': OfWorker & { readonly replaced: number | undefined };
  readonly 'worker-hanging': OfWorker & { readonly silentMs: number };
  readonly 'worker-past-limit': OfWorker & Because;
  readonly 'worker-overloaded': OfWorker & { readonly delayMs: number };
  readonly 'worker-recovered': OfWorker & { readonly shed: number; readonly forMs: number };
}

/** What an operator has set; what is missing stayed. */
interface Settings {
  readonly weight?: number;
  readonly tier?: number;
  readonly maxConnections?: number;
  readonly admin?: string;
}

/** What one line tells of a change of the configuration; the log has all of it. */
const MOST_TOLD = 5;

export type Kind = keyof Happenings;
export type Loudness = Extract<LogLevel, 'info' | 'warn' | 'error'>;

export interface Telling<K extends Kind> {
  readonly level: Loudness;
  /** The message of the log line. */
  readonly message: string;
  /** One line for a person who sees beside it which backend, pool or worker it is about. */
  readonly text: (what: Happenings[K]) => string;
}

export const TELLINGS: { readonly [K in Kind]: Telling<K> } = {
  started: {
    level: 'info',
    message: 'listening',
    text: ({ addresses, workers }) => `started: listening on ${addresses.join(', ')} with ${workers} workers`,
  },
  'backend-up': { level: 'info', message: 'backend is up', text: ({ reason }) => `up: ${reason}` },
  'backend-down': { level: 'warn', message: 'backend is down', text: ({ reason }) => `down: ${reason}` },
  'backend-ejected': {
    level: 'warn',
    message: 'backend ejected',
    text: ({ why, forMs }) => `ejected for ${seconds(forMs)}: ${why}`,
  },
  'backend-restored': { level: 'info', message: 'backend restored', text: ({ reason }) => `restored: ${reason}` },
  'backend-added': { level: 'info', message: 'backend added', text: ({ weight }) => `added with weight ${weight}` },
  'backend-removed': { level: 'info', message: 'backend removed', text: () => 'removed' },
  'backend-changed': { level: 'info', message: 'backend changed', text: settingsText },
  'backend-drained': {
    level: 'info',
    message: 'backend drained',
    text: () => 'drained: nothing is in flight any more',
  },
  'drain-limited': {
    level: 'info',
    message: 'backend has a time to drain',
    text: ({ withinMs }) => `has ${seconds(withinMs)} to drain`,
  },
  'drain-over': {
    level: 'warn',
    message: 'time to drain is over; what is open is called back',
    text: ({ inflight }) => `time to drain is over; ${inflight} in flight called back`,
  },
  'pool-empty': {
    level: 'warn',
    message: 'no backend takes requests any more; they are answered 503',
    text: () => 'no backend takes requests any more; they are answered 503',
  },
  panic: {
    level: 'error',
    message: 'panic: too few usable backends, so all are tried',
    text: ({ usable, backends }) => `panic: ${usable} of ${backends} backends usable, so all are tried`,
  },
  'panic-over': {
    level: 'info',
    message: 'panic is over',
    text: ({ usable, backends }) => `panic is over: ${usable} of ${backends} backends usable`,
  },
  'config-reloaded': {
    level: 'info',
    message: 'configuration reloaded',
    text: ({ changes }) => `configuration reloaded: ${summary(changes)}`,
  },
  'config-rejected': {
    level: 'error',
    message: 'configuration not reloaded; the old one stays',
    text: ({ reason }) => `configuration not reloaded: ${reason}`,
  },
  'worker-died': { level: 'error', message: 'worker died', text: diedText },
  'worker-replaced': {
    level: 'info',
    message: 'worker replaced',
    text: ({ pid, replaced }) => `process ${pid ?? '?'} replaced ${replaced ?? '?'}`,
  },
  'worker-hanging': {
    level: 'error',
    message: 'worker does not answer and is ended',
    text: ({ pid, silentMs }) => `process ${pid ?? '?'} said nothing for ${seconds(silentMs)} and is ended`,
  },
  'worker-past-limit': {
    level: 'info',
    message: 'worker is past its limit and is replaced',
    text: ({ pid, reason }) => `process ${pid ?? '?'} is past its limit (${reason}) and is replaced`,
  },
  'worker-overloaded': {
    level: 'warn',
    message: 'worker is overloaded and answers some requests with 503',
    text: ({ delayMs }) => `overloaded: ${seconds(delayMs)} behind, so some requests are answered 503`,
  },
  'worker-recovered': {
    level: 'info',
    message: 'worker is no longer overloaded',
    text: ({ shed, forMs }) => `no longer overloaded after ${seconds(forMs)}; ${shed} requests were answered 503`,
  },
};

function settingsText({ admin, weight, tier, maxConnections }: Settings): string {
  const parts = [
    admin === undefined ? [] : [admin],
    weight === undefined ? [] : [`weight ${weight}`],
    tier === undefined ? [] : [`tier ${tier}`],
    maxConnections === undefined ? [] : [`at most ${maxConnections || 'any number of'} connections`],
  ];
  return parts.flat().join(', ');
}

function diedText({ pid, reason, replacedInMs }: Happenings['worker-died']): string {
  const when = replacedInMs === 0 ? 'at once' : `in ${seconds(replacedInMs)}`;
  return `process ${pid ?? '?'} died (${reason}), replaced ${when}`;
}

function summary(changes: readonly string[]): string {
  if (changes.length === 0) return 'nothing changed';
  const more = changes.length - MOST_TOLD;
  return [...changes.slice(0, MOST_TOLD), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
