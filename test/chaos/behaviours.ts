/** test/chaos/behaviours.ts: what a backend can do with a request, one method call for each behaviour of the plan. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Peer } from '../support/peer.js';
import { type Behaviour, type RequestPlan, responseBody, SWITCHES } from './plan.js';

/** Never asked for: no client may ever see it. */
export const EVIL = '<EVIL>';
const DRIP_BYTES = 997;
const FLOOD = 100;

export class ChaoticAnswer {
  readonly #peer: Peer;
  readonly #head: string;
  readonly #body: string;
  readonly #isHead: boolean;
  readonly #framing: string;
  /** A response like any other, but to nobody. */
  readonly #junk: string;

  constructor(peer: Peer, plan: RequestPlan, name: string) {
    this.#peer = peer;
    this.#body = responseBody(plan, name);
    this.#isHead = plan.method === 'HEAD';
    this.#head = `HTTP/1.1 200 OK\r\nX-Id: ${plan.id}\r\nX-Backend: ${name}\r\n`;
    this.#junk = `HTTP/1.1 200 OK\r\nX-Id: ${EVIL}\r\nX-Behind: ${plan.id}\r\nContent-Length: 0\r\n\r\n`;
    this.#framing = `Content-Length: ${this.#body.length}\r\n`;
  }

  /** What happens before the request's body is read. @returns whether the connection goes on */
  async atHead(behaviour: Behaviour): Promise<boolean> {
    const peer = this.#peer;
    if (behaviour === 'reset-at-head') peer.reset();
    else if (behaviour === 'end-at-head') peer.end();
    else if (behaviour === 'early' || behaviour === 'early-and-gone') this.#whole();
    if (behaviour === 'early-and-gone') peer.end();
    if (behaviour === SWITCHES) await this.#echo();
    return behaviour !== 'reset-at-head' && behaviour !== 'end-at-head' && behaviour !== 'early-and-gone';
  }

  /** What happens once the whole request is there. @returns as above */
  async atEnd(behaviour: Behaviour): Promise<boolean> {
    const peer = this.#peer;
    switch (behaviour) {
      case 'early':
        return true;
      case 'length':
        this.#whole();
        return true;
      case 'chunked':
        this.#chunked('');
        return true;
      case 'trailers':
        this.#chunked('X-Sum: 1\r\n');
        return true;
      case 'until-close':
        this.#send('', this.#body);
        return this.#end();
      case 'interim':
        peer.send('HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n');
        this.#whole();
        return true;
      case 'drip':
        await this.#drip();
        return true;
      case 'says-close':
        this.#send(`${this.#framing}Connection: close\r\n`, this.#body);
        return this.#end();
      case 'old-version':
        peer.send(this.#head.replace('1.1', '1.0'));
        peer.send(`${this.#framing}\r\n${this.#isHead ? '' : this.#body}`);
        return this.#end();
      case 'closes-behind':
        this.#whole();
        return this.#end();
      case 'closes-later':
        this.#whole();
        await nextTurn();
        await nextTurn();
        return this.#end();
      default:
        return this.#wrongly(behaviour);
    }
  }

  /** To HEAD a wrong body is none at all, and so a right answer. */
  async #wrongly(behaviour: Behaviour): Promise<boolean> {
    const peer = this.#peer;
    const some = this.#body.slice(0, this.#body.length / 2);
    switch (behaviour) {
      case 'reset':
        peer.reset();
        return false;
      case 'silence':
        return false;
      case 'garbage':
        peer.send(`\0\x16\x03${EVIL}\r\n\r\n${EVIL}`);
        return false;
      case 'half-head':
        peer.send(this.#head);
        return this.#end();
      case 'two-framings':
        this.#send(`${this.#framing}Transfer-Encoding: chunked\r\n`, EVIL);
        return false;
      case 'huge-head':
        peer.send(`${this.#head}X-Huge: ${EVIL.repeat(4_000)}\r\n\r\n`);
        return false;
      case 'interim-flood':
        peer.send('HTTP/1.1 102 Processing\r\n\r\n'.repeat(FLOOD));
        return false;
      case 'unasked-upgrade':
        peer.send(`HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n${EVIL}`);
        return false;
      case 'short-then-end':
        this.#send(this.#framing, some);
        return this.#end();
      case 'short-then-reset':
        this.#send(this.#framing, some);
        peer.reset();
        return false;
      case 'short-then-silence':
        this.#send(this.#framing, some);
        return this.#isHead;
      case 'bad-chunk': {
        const part = some || '<';
        this.#send('Transfer-Encoding: chunked\r\n', `${part.length.toString(16)}\r\n${part}\r\n0x${EVIL}\r\n`);
        return this.#isHead;
      }
      case 'junk-behind':
        // In one write: once the next request is on its way, nobody can tell junk from the answer to it.
        this.#send(this.#framing, this.#body, this.#junk);
        return false;
      case 'junk-later':
        this.#whole();
        await nextTurn();
        peer.send(EVIL);
        return false;
      default:
        return this.#end();
    }
  }

  #whole(): void {
    this.#send(this.#framing, this.#body);
  }

  #send(fields: string, body: string, behind = ''): void {
    this.#peer.send(`${this.#head}${fields}\r\n${this.#isHead ? '' : body}${behind}`);
  }

  #chunked(trailers: string): void {
    // Cut behind a name, so that every name is whole on the wire.
    const cut = this.#body.indexOf('>') + 1;
    const [a, b] = [this.#body.slice(0, cut), this.#body.slice(cut)];
    const chunks = [a, b].filter((part) => part !== '').map((part) => `${part.length.toString(16)};x=y\r\n${part}\r\n`);
    this.#send('Transfer-Encoding: chunked\r\n', `${chunks.join('')}0\r\n${trailers}\r\n`);
  }

  async #drip(): Promise<void> {
    const text = `${this.#head}${this.#framing}\r\n${this.#isHead ? '' : this.#body}`;
    for (let at = 0; at < text.length; at += DRIP_BYTES) {
      this.#peer.send(text.slice(at, at + DRIP_BYTES));
      await nextTurn();
    }
  }

  /** Until the client goes. */
  async #echo(): Promise<never> {
    this.#peer.send('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
    for (;;) this.#peer.send(await this.#peer.through('>'));
  }

  #end(): boolean {
    this.#peer.end();
    return false;
  }
}
