/**
 * commands/admin/client.ts: HTTP client for the admin interface of a running balancer. Every failure becomes an error
 * whose message is one sentence for the person who typed the command.
 */
import http from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import type * as z from 'zod';
import { type Environment, variableOf } from '../../config/from-args.js';
import { configSchema } from '../../config/schema.js';
import { UsageError } from '../../config/usage-error.js';
import { withHost } from '../../config/with-host.js';
import {
  type AdminRight,
  type AdminToken,
  adminTokenFrom,
  adminTokenIn,
  TOKEN_PLACES,
} from '../../control/admin/token.js';
import { type Address, formatAddress, parseAddress, socketFileOf, socketFileProblem } from '../../core/address.js';
import { CouldNotRunError } from '../program.js';
import { errorAnswer } from './answers.js';

const TIMEOUT_MS = 5_000;

interface Question {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: object;
  /** Timeout for the whole answer, in milliseconds. */
  readonly withinMs?: number;
}

export interface Answer<T> {
  readonly status: number;
  readonly value: T;
}

/** An answer with its body as text. */
interface Text {
  readonly status: number;
  readonly text: string;
}

/** Where the admin interface listens: host and port, or a socket file. */
type Place = Address | { readonly socketPath: string };

/** The options that say where the admin interface is, and where its token. */
export interface AdminOptions {
  readonly admin?: string | undefined;
  readonly adminTokenFile?: string | undefined;
}

export class AdminClient {
  readonly #place: Place;
  readonly #token: AdminToken | undefined;

  private constructor(place: Place, token: AdminToken | undefined) {
    this.#place = place;
    this.#token = token;
  }

  /**
   * @throws {UsageError} when the address or the token is not valid
   * @throws {ConfigError} when the token's file cannot be read
   */
  static async for(typed: AdminOptions, environment: Environment): Promise<AdminClient> {
    return new AdminClient(adminPlace(typed.admin, environment), await tokenToShow(typed.adminTokenFile, environment));
  }

  /** @throws {CouldNotRunError} no answer, a refusal, or an answer that does not match `schema` */
  async ask<T>(schema: z.ZodType<T>, question: Question): Promise<Answer<T>> {
    const { status, text } = await this.#send(question);
    const body = parseJson(text);
    const succeeded = status >= 200 && status <= 299;
    const parsed = schema.safeParse(body);
    if (succeeded && parsed.success) return { status, value: parsed.data };
    throw this.#refusal(status, body);
  }

  /** @throws {CouldNotRunError} no answer, or none in HTTP */
  get(path: string): Promise<Text> {
    return this.#send({ path });
  }

  async #send({ method = 'GET', path, body, withinMs = TIMEOUT_MS }: Question): Promise<Text> {
    const signal = AbortSignal.timeout(withinMs);
    const headers = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
    };
    try {
      const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
        const request = http.request({ ...this.#place, method, path, headers, agent: false, signal });
        request.once('response', resolve);
        request.once('error', reject);
        request.end(body === undefined ? undefined : JSON.stringify(body));
      });
      return { status: response.statusCode ?? 0, text: await textOf(response) };
    } catch (error) {
      throw this.#unreachable(error, signal.aborted, withinMs);
    }
  }

  #refusal(status: number, body: unknown): CouldNotRunError {
    if (status === 401) return new CouldNotRunError(this.#tokenProblem());
    const parsed = errorAnswer.safeParse(body);
    return parsed.success ? new CouldNotRunError(parsed.data.error) : this.#notRoundhouse();
  }

  #tokenProblem(): string {
    return this.#token === undefined
      ? `Roundhouse at ${this.#where()} asks for a token; put it in ${TOKEN_PLACES.change.variable}, or name its file by --admin-token-file`
      : `Roundhouse at ${this.#where()} does not take this token`;
  }

  #unreachable(error: unknown, isLate: boolean, withinMs: number): CouldNotRunError {
    if (isLate) return new CouldNotRunError(`No answer from ${this.#where()} within ${withinMs / 1_000} s`);
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    // An answer that is not HTTP, or ends early, comes from another program.
    if (code === '' || code === 'ECONNRESET' || code.startsWith('HPE_')) return this.#notRoundhouse();
    return new CouldNotRunError(
      code === 'ECONNREFUSED' || code === 'ENOENT'
        ? `Nothing listens on ${this.#where()}; start Roundhouse, or say by --admin where its admin interface is`
        : `Cannot reach ${this.#where()}: ${CAUSES[code] ?? code}`,
    );
  }

  #notRoundhouse(): CouldNotRunError {
    return new CouldNotRunError(`What listens on ${this.#where()} does not answer like Roundhouse's admin interface`);
  }

  #where(): string {
    return 'socketPath' in this.#place ? `unix:${this.#place.socketPath}` : formatAddress(this.#place);
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'the name does not resolve',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  EACCES: 'only the user who runs it may use that socket file',
  ENOTSOCK: 'that file is no socket',
};

function adminPlace(typed: string | undefined, environment: Environment): Place {
  const variable = variableOf('admin');
  const [source, text] =
    typed === undefined
      ? [variable, environment[variable] || configSchema.shape.admin.parse(undefined)]
      : ['--admin', typed];
  if (text === 'off') throw new UsageError(`${source}: the admin interface is off, so there is nothing to ask`);
  const socketPath = socketFileOf(text);
  if (socketPath !== undefined) return { socketPath: checkedPath(socketPath, source) };
  const parsed = parseAddress(withHost(text, '127.0.0.1'), 1);
  if (typeof parsed === 'string') throw new UsageError(`${source}: "${text}" ${parsed}`);
  return { host: reachable(parsed.host), port: parsed.port };
}

function checkedPath(path: string, source: string): string {
  const problem = socketFileProblem(path);
  if (problem === undefined) return path;
  throw new UsageError(`${source}: "unix:${path}" ${problem}`);
}

/**
 * The token from the same places as a balancer's, in the same order: flag, variable, file named by a variable. Where
 * there is none, the one that may only look, from its own places.
 */
async function tokenToShow(typed: string | undefined, environment: Environment): Promise<AdminToken | undefined> {
  if (typed !== undefined) return adminTokenIn(typed);
  return (await tokenIn(environment, 'change')) ?? (await tokenIn(environment, 'view'));
}

async function tokenIn(environment: Environment, right: AdminRight): Promise<AdminToken | undefined> {
  const token = adminTokenFrom(environment, right);
  const file = environment[variableOf(TOKEN_PLACES[right].file)];
  return token !== undefined || file === undefined || file === '' ? token : adminTokenIn(file);
}

/** The loopback address for an address that means every interface, which cannot be connected to on all systems. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
