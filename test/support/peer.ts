/** test/support/peer.ts: one end of a raw connection, for a client or a backend that says exactly what it is told to. */
import { connect as dial, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Reading, readRequest, readResponse } from '../../bench/http/message.js';
import { onStop } from './cleanup.js';
import type { Message } from './message.js';

/** The other side went away before what was waited for came. */
export class PeerGoneError extends Error {
  override readonly name = 'PeerGoneError';
}

/** How the other side went: by an orderly end of its direction, or by a reset. */
export type Parting = 'end' | 'reset';

/**
 * For the `end` event of `socket`: how the other side went. A reset that arrives together with the last bytes is
 * reported by Node as an end, but the kernel knows no peer of that socket any more. Nor does it when we have ended our
 * direction before: then it counts as an end. So does every end over a socket file, which has no addresses at all.
 */
export function partingAtEnd(socket: Socket): Parting {
  return socket.localAddress !== undefined && !socket.writableEnded && socket.remoteAddress === undefined
    ? 'reset'
    : 'end';
}

export class Peer {
  readonly socket: Socket;
  /** Received, and not yet taken by {@link message}; latin1. */
  text = '';
  parting: Parting | undefined;
  private broken = false;
  private wake: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1');
      this.changed();
    });
    socket.on('end', () => this.parted(partingAtEnd(socket)));
    socket.on('error', () => {
      this.broken = true;
      this.parted('reset');
    });
    socket.on('close', () => this.parted('reset'));
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Every character in a write of its own, in a turn of its own. */
  async drip(text: string): Promise<void> {
    for (const character of text) {
      this.send(character);
      await nextTurn();
    }
  }

  /**
   * Takes the next complete message.
   * @param toHead whether it is the response to a HEAD request
   * @throws {TypeError} when what came is no valid message
   */
  message({ toHead = false } = {}): Promise<Message> {
    return this.until(() => {
      const reading = this.read(toHead);
      if (reading.kind === 'unreadable') throw new TypeError(`${reading.why} in ${JSON.stringify(this.text)}`);
      if (reading.kind === 'incomplete') return undefined;
      this.text = reading.rest;
      return reading.message;
    });
  }

  /** Takes everything up to and including `part`. */
  through(part: string): Promise<string> {
    return this.until(() => {
      const at = this.text.indexOf(part);
      if (at < 0) return undefined;
      const taken = this.text.slice(0, at + part.length);
      this.text = this.text.slice(taken.length);
      return taken;
    });
  }

  /** Waits until the other side ends its direction or resets the connection. */
  gone(): Promise<Parting> {
    return this.until(() => this.parting);
  }

  /** Waits until both directions are over. @returns `reset` if the connection broke, be it after an orderly end */
  async closed(): Promise<Parting> {
    if (!this.socket.closed) await new Promise((resolve) => this.socket.once('close', resolve));
    return this.broken ? 'reset' : 'end';
  }

  /** Ends our direction only. */
  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Waits until `look` finds something. @throws {PeerGoneError} when the other side has gone before */
  async until<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.parting !== undefined) throw new PeerGoneError(`Gone (${this.parting}) after "${this.text}"`);
      await new Promise<void>((resolve) => this.wake.push(resolve));
    }
  }

  private read(toHead: boolean): Reading {
    const isResponse = this.text.startsWith('HTTP/');
    return isResponse ? readResponse(this.text, { toHead, ended: this.parting === 'end' }) : readRequest(this.text);
  }

  private parted(parting: Parting): void {
    this.parting ??= parting;
    this.changed();
  }

  private changed(): void {
    for (const resolve of this.wake.splice(0)) resolve();
  }
}

/** Opens a client connection to `port`, or to the socket file of that path, from the address `from` if that matters; it is closed when the test is over. */
export async function connect(port: number | string, from?: string): Promise<Peer> {
  const local = from === undefined ? {} : { localAddress: from };
  const place = typeof port === 'string' ? { path: port } : { port, host: '127.0.0.1', ...local };
  const socket = dial({ ...place, allowHalfOpen: true });
  const peer = new Peer(socket);
  onStop(() => peer.destroy());
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return peer;
}

/** Sends `bytes` in one write, or each of several in a turn of its own, and returns the first final response. */
export async function rawRequest(port: number | string, bytes: string | readonly string[]): Promise<Message> {
  const peer = await connect(port);
  for (const part of typeof bytes === 'string' ? [bytes] : bytes) {
    peer.send(part);
    await nextTurn();
  }
  const toHead = bytes[0]?.startsWith('HEAD') === true || (typeof bytes === 'string' && bytes.startsWith('HEAD'));
  for (;;) {
    const message = await peer.message({ toHead });
    if (message.status >= 200) return message;
  }
}

/** A plain GET over a connection of its own. */
export function get(port: number | string, path = '/'): Promise<Message> {
  return rawRequest(port, `GET ${path} HTTP/1.1\r\nHost: site.test\r\n\r\n`);
}
