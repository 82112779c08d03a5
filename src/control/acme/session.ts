/**
 * control/acme/session.ts: one conversation with a CA, from the account to the certificate (RFC 8555 section 7). The
 * protocol is that of `acme-client`, which is loaded when the first certificate is ordered.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Authorization, Client, Order } from 'acme-client';
import { readConfigFile } from '../../config/read-file.js';
import type { AcmeChallenges } from '../../core/acme.js';
import type { Failure } from '../../core/renewal.js';
import { unreachable } from '../../core/unreachable.js';
import { CaConnection, connectBy } from './ca-connection.js';
import type { ChallengeBoard } from './challenge-board.js';
import { type AcmeOrder, keyOfOrder } from './order.js';
import type { AcmeStorage } from './storage.js';

type Library = typeof import('acme-client');

/** Time for a whole order, in milliseconds; CAs look at challenges within seconds. */
const ORDER_MS = 300_000;
/** Pause between two looks at an order: at first, and at last. */
const FIRST_LOOK_MS = 500;
const LAST_LOOK_MS = 10_000;
/** Longest text of a CA that is shown. */
const LONGEST_REASON = 400;

/** How often the CA is asked whether it has looked: after a second, then less and less often, ten times in all. */
const POLLING = { backoffMin: 1_000, backoffMax: 30_000, backoffAttempts: 10 };

export interface Issued {
  /** PEM, the intermediate certificates behind it. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

/** Why no certificate was given out, in one clause. */
export class OrderError extends Error {
  override readonly name = 'OrderError';
  readonly failure: Failure;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, failure: Failure, retryAfterMs: number | undefined) {
    super(message);
    this.failure = failure;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface SessionParts {
  readonly storage: AcmeStorage;
  readonly board: ChallengeBoard;
}

/**
 * Gets a certificate.
 * @param signal ends the conversation
 * @throws {OrderError} when there is none
 */
export async function obtain(order: AcmeOrder, parts: SessionParts, signal: AbortSignal): Promise<Issued> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ORDER_MS)]);
  const ca = order.acme.ca === undefined ? undefined : await readConfigFile(order.acme.ca);
  const connection = new CaConnection(ca, limit);
  try {
    return await connection.use(async () => new Session(await library(), order, parts, limit).run());
  } catch (error) {
    const { trouble, retryAfterMs } = connection;
    const reason = trouble ?? (limit.aborted ? 'the CA takes longer than five minutes' : reasonOf(error));
    throw new OrderError(shown(reason), trouble === undefined ? 'refused' : 'unreachable', retryAfterMs);
  } finally {
    parts.board.close(keyOfOrder(order));
  }
}

let loaded: Promise<Library> | undefined;

function library(): Promise<Library> {
  loaded ??= import('acme-client').then((library) => {
    connectBy(library.axios);
    return library;
  });
  return loaded;
}

/** A challenge that the CA has set, and for which name. */
interface Task {
  readonly authorization: Authorization;
  readonly challenge: Authorization['challenges'][number];
  readonly keyAuthorization: string;
}

class Session {
  readonly #library: Library;
  readonly #order: AcmeOrder;
  readonly #parts: SessionParts;
  readonly #signal: AbortSignal;

  constructor(library: Library, order: AcmeOrder, parts: SessionParts, signal: AbortSignal) {
    this.#library = library;
    this.#order = order;
    this.#parts = parts;
    this.#signal = signal;
  }

  async run(): Promise<Issued> {
    const { crypto } = this.#library;
    const { domains } = this.#order.acme;
    const client = await this.#client();
    await this.#register(client);
    const ordered = await client.createOrder({ identifiers: domains.map((value) => ({ type: 'dns', value })) });
    await this.#prove(client, ordered);
    const ready = await this.#until(client, ordered, ['ready', 'valid']);
    const [key, csr] = await crypto.createCsr({ altNames: [...domains] }, await crypto.createPrivateEcdsaKey());
    if (ready.status === 'ready') await client.finalizeOrder(ready, csr);
    const issued = await this.#until(client, ordered, ['valid']);
    return { cert: await client.getCertificate(issued), key: String(key) };
  }

  async #client(): Promise<Client> {
    const { directory: directoryUrl, externalAccount } = this.#order.acme;
    const make = async (): Promise<string> => String(await this.#library.crypto.createPrivateEcdsaKey());
    const accountKey = await this.#parts.storage.accountKey(directoryUrl, make);
    if (externalAccount === undefined) return new this.#library.Client({ directoryUrl, accountKey, ...POLLING });
    const { kid, keyFile } = externalAccount;
    const externalAccountBinding = { kid, hmacKey: (await readConfigFile(keyFile)).trim() };
    return new this.#library.Client({ directoryUrl, accountKey, externalAccountBinding, ...POLLING });
  }

  /** Makes the account, or finds it again by its key. */
  async #register(client: Client): Promise<void> {
    const { email } = this.#order.acme;
    const contact = email === undefined ? {} : { contact: [`mailto:${email}`] };
    await client.createAccount({ termsOfServiceAgreed: true, ...contact });
  }

  /** Has workers answer the challenges, and then the CA look. */
  async #prove(client: Client, ordered: Order): Promise<void> {
    const open = (await client.getAuthorizations(ordered)).filter(({ status }) => status === 'pending');
    const tasks = await Promise.all(open.map((authorization) => this.#taskOf(client, authorization)));
    if (tasks.length === 0) return;
    await this.#parts.board.open(keyOfOrder(this.#order), await this.#answersTo(tasks));
    this.#signal.throwIfAborted();
    for (const { challenge } of tasks) await client.completeChallenge(challenge);
  }

  async #taskOf(client: Client, authorization: Authorization): Promise<Task> {
    const { challenge: wanted } = this.#order;
    const challenge = authorization.challenges.find(({ type }) => type === wanted);
    if (challenge === undefined) {
      throw new Error(`${authorization.identifier.value}: the CA offers no challenge of type ${wanted}`);
    }
    return { authorization, challenge, keyAuthorization: await client.getChallengeKeyAuthorization(challenge) };
  }

  async #answersTo(tasks: readonly Task[]): Promise<AcmeChallenges> {
    const { challenge } = this.#order;
    switch (challenge) {
      case 'http-01': {
        const answers = tasks.map((task) => [task.challenge.token, task.keyAuthorization] as const);
        return { http: Object.fromEntries(answers), tls: [] };
      }
      case 'tls-alpn-01':
        return { http: {}, tls: await Promise.all(tasks.map((task) => this.#proofOf(task))) };
      default:
        return unreachable(challenge);
    }
  }

  async #proofOf({ authorization, keyAuthorization }: Task): Promise<AcmeChallenges['tls'][number]> {
    const [key, cert] = await this.#library.crypto.createAlpnCertificate(authorization, keyAuthorization);
    return { name: authorization.identifier.value, cert: String(cert), key: String(key) };
  }

  /** @returns the order once it has one of these states. @throws {Error} when it fails */
  async #until(client: Client, ordered: Order, states: readonly Order['status'][]): Promise<Order> {
    for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(LAST_LOOK_MS, waitMs * 2)) {
      const order = await client.getOrder(ordered);
      if (states.includes(order.status)) return order;
      if (order.status === 'invalid') throw new Error(await refusalOf(client, order));
      await pause(waitMs, undefined, { signal: this.#signal });
    }
  }
}

/** @returns why the CA has refused an order, name by name */
async function refusalOf(client: Client, order: Order): Promise<string> {
  const refused = (await client.getAuthorizations(order)).filter(({ status }) => status === 'invalid');
  const reasons = refused.map(({ identifier, challenges }) => {
    const failed = challenges.find((each) => 'error' in each && each.error !== undefined);
    return `${identifier.value}: ${detailOf(failed)}`;
  });
  return reasons.length > 0 ? reasons.join('; ') : 'the CA refuses the order and does not say why';
}

function detailOf(challenge: unknown): string {
  const error: unknown = typeof challenge === 'object' && challenge !== null ? Reflect.get(challenge, 'error') : null;
  const detail: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'detail') : undefined;
  return typeof detail === 'string' ? detail : 'the CA does not say why';
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** @returns a text of a CA as it may be shown: on one line, and not too long */
function shown(text: string): string {
  return text.replaceAll(/[^\x20-\x7e\xa0-\uffff]+/g, ' ').slice(0, LONGEST_REASON);
}
