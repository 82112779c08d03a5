/**
 * control/events.ts: every event about backends, workers and the configuration that an operator may want to know, as a
 * closed set. For each kind: its severity, its log message, and the line that a person reads.
 */

import type { LogLevel } from '../config/schema.js';
import type { BackendId } from '../core/backend.js';

interface AboutPool {
  readonly pool: string;
}

interface AboutBackend extends AboutPool {
  readonly backend: BackendId;
}

interface AboutWorker {
  /** Slot number of the worker, 1-based. */
  readonly worker: number;
  readonly pid: number | undefined;
}

interface WithReason {
  /** One plain clause. */
  readonly reason: string;
}

interface WithFault {
  /** The rule or the limit that was broken, or what is wrong with the backend's TLS. */
  readonly fault: string;
}

interface AboutFile {
  readonly file: string;
}

/** What a balancer started with. */
interface Startup {
  readonly addresses: readonly string[];
  readonly workers: number;
  readonly accept: string;
  readonly backends: number;
  readonly policy: string;
  readonly admin: string;
  /** Where metrics can be had without the admin interface, if anywhere. */
  readonly metrics?: string;
}

interface UsableCounts {
  /** Usable backends, out of all `backends` of the pool. */
  readonly usable: number;
  readonly backends: number;
}

/** The fields of each kind of event; they go into the log line as they are. */
export interface EventDetails {
  readonly started: Startup;
  readonly 'backend-up': AboutBackend & WithReason;
  readonly 'backend-down': AboutBackend & WithReason;
  readonly 'backend-ejected': AboutBackend & WithReason & { readonly why: string; readonly forMs: number };
  readonly 'backend-restored': AboutBackend & WithReason;
  readonly 'invalid-response': AboutBackend & WithFault;
  readonly 'backend-tls-failed': AboutBackend & WithFault;
  readonly 'backend-added': AboutBackend & { readonly weight: number; readonly version: number };
  readonly 'backend-removed': AboutBackend & { readonly version: number };
  readonly 'backend-changed': AboutBackend & { readonly version: number } & ChangedSettings;
  readonly 'backend-drained': AboutBackend;
  readonly 'drain-limited': AboutBackend & { readonly withinMs: number };
  readonly 'drain-over': AboutBackend & { readonly inflight: number };
  readonly 'sessions-limited': AboutBackend & { readonly withinMs: number };
  readonly 'sessions-over': AboutBackend;
  readonly 'pool-empty': AboutPool;
  readonly panic: AboutPool & UsableCounts;
  readonly 'panic-over': AboutPool & UsableCounts;
  readonly 'config-reloaded': AboutFile & { readonly changes: readonly string[] };
  readonly 'config-rejected': AboutFile & WithReason;
  readonly 'certificate-changed': AboutFile & { readonly names: readonly string[]; readonly notAfter: string };
  readonly 'certificate-rejected': AboutFile & WithReason;
  readonly 'certificate-not-issued': WithReason & { readonly names: readonly string[]; readonly retryInMs: number };
  readonly 'backend-tls-changed': { readonly pool: string };
  readonly 'certificate-expires': AboutFile & { readonly names: readonly string[]; readonly daysLeft: number };
  readonly 'maintenance-on': Maintained;
  readonly 'maintenance-off': Maintained;
  readonly 'worker-died': AboutWorker & WithReason & { readonly replacedInMs: number };
  readonly 'worker-replaced': AboutWorker & { readonly replaced: number | undefined };
  readonly 'worker-hanging': AboutWorker & { readonly silentMs: number };
  readonly 'worker-past-limit': AboutWorker & WithReason;
  readonly 'worker-overloaded': AboutWorker & { readonly delayMs: number };
  readonly 'worker-recovered': AboutWorker & { readonly shed: number; readonly forMs: number };
}

interface Maintained {
  /** What is in maintenance, or was: `everything`, a route or a pool. */
  readonly what: string;
}

/** Settings that an operator has changed; missing ones stayed as they were. */
interface ChangedSettings {
  readonly weight?: number;
  readonly tier?: number;
  readonly maxConnections?: number;
  readonly admin?: string;
  readonly keepSessions?: boolean;
}

/** Changes of a reload that the line for a person lists; the log has all of them. */
const MOST_TOLD = 5;

export type EventKind = keyof EventDetails;
export type Severity = Extract<LogLevel, 'info' | 'warn' | 'error'>;

export interface EventFormat<K extends EventKind> {
  readonly level: Severity;
  /** Message of the log line. */
  readonly message: string;
  /** One line for a person; backend, pool and worker are shown beside it. */
  readonly text: (what: EventDetails[K]) => string;
}

export const EVENT_FORMATS: { readonly [K in EventKind]: EventFormat<K> } = {
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
  'invalid-response': {
    level: 'warn',
    message: 'backend sent an invalid response',
    text: ({ fault }) => `sent an invalid response: ${fault}`,
  },
  'backend-tls-failed': {
    level: 'warn',
    message: 'no TLS connection to the backend',
    text: ({ fault }) => `no TLS connection: ${fault}`,
  },
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
  'sessions-limited': {
    level: 'info',
    message: 'backend keeps its sessions for a time',
    text: ({ withinMs }) => `keeps its sessions for ${seconds(withinMs)}`,
  },
  'sessions-over': {
    level: 'info',
    message: 'time for the sessions of a backend is over; they move',
    text: () => 'time for its sessions is over; they move to other backends',
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
  'certificate-changed': {
    level: 'info',
    message: 'certificate changed',
    text: ({ names, notAfter }) => `certificate of ${names[0] ?? '?'} replaced; the new one is good until ${notAfter}`,
  },
  'certificate-rejected': {
    level: 'error',
    message: 'certificate not replaced; the old one stays',
    text: ({ reason }) => `certificate not replaced: ${reason}`,
  },
  'certificate-not-issued': {
    level: 'error',
    message: 'certificate not issued; the CA is asked again',
    text: ({ names, reason, retryInMs }) =>
      `no certificate for ${names[0] ?? '?'}: ${reason}; the CA is asked again in ${seconds(retryInMs)}`,
  },
  'backend-tls-changed': {
    level: 'info',
    message: 'CAs or client certificate for backends changed',
    text: () => 'CAs or client certificate for backends replaced',
  },
  'certificate-expires': { level: 'warn', message: 'certificate expires', text: expiryText },
  'maintenance-on': {
    level: 'warn',
    message: 'maintenance on',
    text: ({ what }) => `${what} is in maintenance: requests are answered with 503`,
  },
  'maintenance-off': { level: 'info', message: 'maintenance off', text: ({ what }) => `${what} is served again` },
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

function settingsText({ admin, keepSessions, weight, tier, maxConnections }: ChangedSettings): string {
  const parts = [
    admin === undefined ? [] : [admin],
    keepSessions === true ? ['its sessions stay'] : [],
    weight === undefined ? [] : [`weight ${weight}`],
    tier === undefined ? [] : [`tier ${tier}`],
    maxConnections === undefined ? [] : [`at most ${maxConnections || 'any number of'} connections`],
  ];
  return parts.flat().join(', ');
}

function expiryText({ names, daysLeft }: EventDetails['certificate-expires']): string {
  const name = names[0] ?? '?';
  return daysLeft < 0 ? `certificate of ${name} has expired` : `certificate of ${name} expires in ${daysLeft} days`;
}

function diedText({ pid, reason, replacedInMs }: EventDetails['worker-died']): string {
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
