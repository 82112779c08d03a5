/** control/errors.ts: why a balancer could not start or would not change, in words for the person who asked. */
import { similarWord } from '../config/similar.js';

/** The balancer could not start, and nothing of it is left running. The message is one plain sentence. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** Another configuration was refused, and the one that runs goes on. The message is one plain sentence. */
export class ReloadError extends Error {
  override readonly name = 'ReloadError';
}

/**
 * Why a change is refused: `unknown`, no such pool or backend; `conflict`, the backend is there with other settings;
 * `invalid`, a value that is not allowed.
 */
export type ChangeProblem = 'unknown' | 'conflict' | 'invalid';

/** A change of a pool was refused, and nothing has changed. The message is one plain sentence. */
export class ChangeError extends Error {
  override readonly name = 'ChangeError';
  readonly problem: ChangeProblem;

  constructor(problem: ChangeProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

/** @param known the names of all pools, to suggest the nearest */
export function unknownPool(name: string, known: readonly string[]): ChangeError {
  return new ChangeError('unknown', `There is no pool "${name}"${guess(name, known)}`);
}

/** @param known the names that routes have, to suggest the nearest */
export function unknownRoute(name: string, known: readonly string[]): ChangeError {
  const hint = known.length === 0 ? '; give it a name in the configuration first' : guess(name, known);
  return new ChangeError('unknown', `There is no route "${name}"${hint}`);
}

/** @param known the ids of the pool's backends, to suggest the nearest */
export function unknownBackend(pool: string, id: string, known: readonly string[]): ChangeError {
  return new ChangeError('unknown', `Pool "${pool}" has no backend "${id}"${guess(id, known)}`);
}

function guess(text: string, known: readonly string[]): string {
  const near = similarWord(text, known);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

const LISTEN_CAUSES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is already in use',
  EADDRNOTAVAIL: 'this host has no such address',
  EAFNOSUPPORT: 'this host does not speak that kind of address',
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'the name does not resolve',
  ENOENT: 'its directory does not exist',
};

/**
 * Says why an address cannot be listened on.
 * @param address `host:port` or `unix:/path`
 * @param code the system's error code, such as `EADDRINUSE`
 */
export function listenError(address: string, code: string): StartError {
  return new StartError(`Cannot listen on ${address}: ${LISTEN_CAUSES[code] ?? otherCause(address, code)}`);
}

function otherCause(address: string, code: string): string {
  if (code !== 'EACCES') return code;
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  return port < 1_024 ? 'ports below 1024 need more permission' : 'permission denied';
}
