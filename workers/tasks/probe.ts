/**
 * workers/tasks/probe.ts: one probe in, one verdict out. Runs on a piscina thread of the primary, so that slow
 * handshakes never delay the control loop. Every probe opens a connection of its own: a kept one would go on answering
 * for a process that no longer accepts anybody.
 */
import http from 'node:http';
import net from 'node:net';
import { isOwnFault } from '../../src/core/own-fault.js';
import type { ProbeResult, ProbeTask } from '../../src/core/probe.js';

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connect timed out',
};

const MAX_HEAD_BYTES = 16_384;

/** How one kind of probe tries: calls `succeed` or `fail` once, and returns what aborts it. */
type Try = (
  task: ProbeTask,
  answer: (ok: boolean, reason: string) => void,
  fail: (error: NodeJS.ErrnoException) => void,
) => { destroy(): unknown };

/**
 * Tries `task` once.
 * @throws {Error} when this host could not even try (no file descriptor, no local port): that says nothing about the
 * backend
 */
export default function probe(task: ProbeTask): Promise<ProbeResult> {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const settle = (ok: boolean, reason: string): void => {
      clearTimeout(timer);
      attempt.destroy();
      // A hundredth is as fine as such a clock means anything.
      resolve({ ok, reason, ms: Math.round((performance.now() - startedAt) * 100) / 100 });
    };
    const fail = (error: NodeJS.ErrnoException): void => {
      // It must not take a healthy pool down.
      if (!isOwnFault(error.code)) return settle(false, reasonOf(error));
      clearTimeout(timer);
      reject(new Error(`could not probe: ${error.code}`));
    };
    const timer = setTimeout(() => settle(false, `timed out after ${inWords(task.timeoutMs)}`), task.timeoutMs);
    const attempt = (task.path === undefined ? tryConnect : tryGet)(task, settle, fail);
  });
}

const tryConnect: Try = ({ host, port }, answer, fail) =>
  net
    .connect({ host, port })
    .once('connect', () => answer(true, 'connected'))
    .on('error', fail);

const tryGet: Try = ({ host, port, path, hostHeader }, answer, fail) =>
  http
    .get({
      host,
      port,
      path,
      agent: false,
      maxHeaderSize: MAX_HEAD_BYTES,
      headers: { host: hostHeader, 'user-agent': 'roundhouse-health-check', connection: 'close' },
    })
    .once('response', ({ statusCode = 0 }) => answer(statusCode >= 200 && statusCode < 400, `HTTP ${statusCode}`))
    .once('upgrade', ({ statusCode = 101 }) => answer(false, `HTTP ${statusCode}`))
    .on('error', fail);

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.message === 'socket hang up') return 'connection closed before a response';
  if (error.code?.startsWith('HPE_')) return `invalid HTTP response (${error.code})`;
  return WORDS[error.code ?? ''] ?? error.code ?? error.message;
}

function inWords(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`;
}
