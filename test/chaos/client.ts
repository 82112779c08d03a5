/** test/chaos/client.ts: a client that asks in its manner and keeps account of every answer. */
import { setTimeout as after, setImmediate as nextTurn } from 'node:timers/promises';
import { connect, type Peer, PeerGoneError } from '../support/peer.js';
import { type Answer, checkBytes, readAnswer } from './answers.js';
import type { Journal } from './journal.js';
import { type ClientPlan, isHarmless, type RequestPlan } from './plan.js';
import { head, wire } from './wire.js';

/** Longer than the proxy's time for writing, which is what it is about. */
const DEAF_MS = 1_200;
const ECHOES = 4;

/** Asks everything that `plan` says. Whatever it did not wait for is noted as left. */
export async function runClient(port: number, plan: ClientPlan, journal: Journal): Promise<void> {
  const client = new ChaoticClient(port, plan, journal);
  try {
    await client.run();
  } catch (error) {
    // Before or between two requests the proxy may go; what was asked has been accounted for by then.
    if (!(error instanceof PeerGoneError)) throw error;
  } finally {
    client.leave();
  }
}

class ChaoticClient {
  readonly #port: number;
  readonly #plan: ClientPlan;
  readonly #journal: Journal;
  #peer: Peer | undefined;

  constructor(port: number, plan: ClientPlan, journal: Journal) {
    this.#port = port;
    this.#plan = plan;
    this.#journal = journal;
  }

  async run(): Promise<void> {
    const { manner, requests } = this.#plan;
    if (manner === 'pipelined') return this.#pipeline();
    const last = requests.at(-1);
    for (const request of requests)
      if (request !== last) await this.#ask(request, (peer) => this.#say(peer, wire(request)));
    if (last !== undefined) await this.#askLast(last);
  }

  leave(): void {
    this.#peer?.destroy();
    for (const { id } of this.#plan.requests) if (!this.#journal.hasEnded(id)) this.#journal.ended(id, 'left');
  }

  async #askLast(request: RequestPlan): Promise<void> {
    const text = wire(request);
    const some = text.slice(0, Math.floor(text.length * this.#plan.share));
    const bad = { isBad: true };
    switch (this.#plan.manner) {
      case 'dripping':
        // On a busy machine the head may take longer than the proxy waits.
        return this.#ask(request, (peer) => drip(peer, text), bad);
      case 'half-closing':
        return this.#ask(request, (peer) => {
          peer.send(text);
          peer.end();
        });
      case 'tunnelling':
        return this.#tunnel(request);
      case 'leaves-asking':
        (await this.#connection()).send(some);
        return;
      case 'resets-asking':
        (await this.#connection()).send(some);
        return this.#peer?.reset();
      case 'leaves-listening':
        return this.#leaveListening(request, text);
      case 'deaf':
        return this.#ask(request, (peer) => hearLater(peer, text));
      case 'bad-chunk':
        return this.#ask(
          request,
          (peer) => peer.send(`${head(request, 'Transfer-Encoding: chunked')}2\r\nab\r\nzz`),
          bad,
        );
      case 'bad-head':
        await this.#ask(request, (peer) => peer.send(head(request, 'Host: twice')), bad);
        return this.#mustBeUndelivered(request);
      case 'stalls-in-head':
        await this.#ask(request, (peer) => peer.send(head(request, 'X: y').slice(0, -3)), bad);
        return this.#mustBeUndelivered(request);
      case 'stalls-in-body':
        return this.#ask(request, (peer) => peer.send(`${head(request, 'Content-Length: 9')}abc`), bad);
      case 'ends-in-body':
        return this.#ask(
          request,
          (peer) => {
            peer.send(`${head(request, 'Content-Length: 9')}abc`);
            peer.end();
          },
          bad,
        );
      case 'silent':
        await (await this.#connection()).gone();
        return;
      default:
        return this.#ask(request, (peer) => this.#say(peer, text));
    }
  }

  /** Half of the clients say everything at once, the others in three parts. */
  async #say(peer: Peer, text: string): Promise<void> {
    const { share } = this.#plan;
    const cuts = share < 0.5 ? [] : [Math.floor(text.length * (share - 0.4)), Math.floor(text.length * share)];
    for (const [i, end] of [...cuts, text.length].entries()) {
      if (i > 0) await nextTurn();
      peer.send(text.slice(cuts[i - 1] ?? 0, end));
    }
  }

  async #ask(
    request: RequestPlan,
    send: (peer: Peer) => void | Promise<void>,
    { isBad } = { isBad: false },
  ): Promise<void> {
    const peer = await this.#connection();
    await send(peer);
    const answer = await readAnswer(peer, request, this.#journal, { isBad, afterClose: false });
    this.#account(request, answer, isBad);
    if (!answer.keepAlive) await this.#finish(peer, request);
  }

  async #pipeline(): Promise<void> {
    const { requests } = this.#plan;
    const peer = await this.#connection();
    peer.send(requests.map(wire).join(''));
    let afterClose = false;
    for (const request of requests) {
      const answer = await readAnswer(peer, request, this.#journal, { isBad: false, afterClose });
      if (answer.ending === 'broken') return;
      afterClose ||= !answer.keepAlive;
    }
  }

  async #tunnel(request: RequestPlan): Promise<void> {
    const peer = await this.#connection();
    peer.send(head(request, 'Connection: upgrade', 'Upgrade: echo'));
    const answered = await peer.through('\r\n\r\n');
    // Nobody could be reached, or not in time.
    if (!answered.startsWith('HTTP/1.1 101 ')) return this.#journal.ended(request.id, 'refused');
    for (let round = 0; round < ECHOES; round++) {
      const said = `<${request.id}${'.'.repeat(round * 10_000)}>`;
      peer.send(said);
      if ((await peer.through('>')) !== said) this.#journal.violated(request.id, 'another echo came back');
    }
    this.#journal.ended(request.id, 'right');
    if (this.#plan.share < 0.5) return peer.reset();
    peer.end();
    await peer.gone();
  }

  async #leaveListening(request: RequestPlan, text: string): Promise<void> {
    const peer = await this.#connection();
    peer.send(text);
    const start = await peer.through('\n');
    checkBytes(start + peer.text, request, this.#journal);
  }

  /** What nothing stands in the way of is to be answered. */
  #account(request: RequestPlan, { ending, said }: Answer, isBad: boolean): void {
    if (isBad || !isHarmless(request) || this.#plan.manner === 'deaf') return;
    this.#journal.harmless += 1;
    if (ending !== 'right') this.#journal.disappointed(request.id, `${ending} ${said}`);
  }

  #mustBeUndelivered({ id }: RequestPlan): void {
    if (this.#journal.deliveries(id) > 0) this.#journal.violated(id, 'a backend got a request that is refused');
  }

  /** Behind the last answer of a connection nothing comes but its end. */
  async #finish(peer: Peer, request: RequestPlan): Promise<void> {
    await peer.gone();
    if (peer.text !== '') checkBytes(peer.text, request, this.#journal);
    peer.destroy();
    this.#peer = undefined;
  }

  async #connection(): Promise<Peer> {
    if (this.#peer === undefined || this.#peer.parting !== undefined) this.#peer = await connect(this.#port);
    return this.#peer;
  }
}

/** The head byte by byte, the rest at once: what is long would take longer than the proxy waits. */
async function drip(peer: Peer, text: string): Promise<void> {
  const headEnd = text.indexOf('\r\n\r\n') + 8;
  await peer.drip(text.slice(0, headEnd));
  peer.send(text.slice(headEnd));
}

async function hearLater(peer: Peer, text: string): Promise<void> {
  peer.send(text);
  peer.socket.pause();
  await after(DEAF_MS);
  peer.socket.resume();
}
