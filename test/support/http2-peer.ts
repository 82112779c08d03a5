/**
 * test/support/http2-peer.ts: a client of HTTP/2 that says exactly what it is told to, frame by frame, and what it was
 * answered. It shares no code with the product: header blocks are literals that no table keeps.
 */
import { connect, type Peer } from './peer.js';

export type Field = readonly [name: string, value: string];

export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const;

export const END_STREAM = 1;
export const END_HEADERS = 4;

/** @param payload latin1 @returns the frame as latin1 text */
export function frame(type: number, flags: number, streamId: number, payload = ''): string {
  return uint(payload.length, 3) + uint(type, 1) + uint(flags, 1) + uint(streamId, 4) + payload;
}

/** @returns a number as big-endian bytes, in latin1 */
export function uint(value: number, bytes: number): string {
  let text = '';
  for (let at = bytes - 1; at >= 0; at--) text += String.fromCharCode(Math.floor(value / 256 ** at) % 256);
  return text;
}

/** @returns a header block of literals that are not kept (RFC 7541 section 6.2.2) */
export function block(fields: readonly Field[]): string {
  return fields.map(([name, value]) => `\0${text(name)}${text(value)}`).join('');
}

function text(value: string): string {
  if (value.length < 127) return uint(value.length, 1) + value;
  let rest = value.length - 127;
  let length = '\x7f';
  for (; rest >= 128; rest = Math.floor(rest / 128)) length += String.fromCharCode((rest % 128) + 128);
  return length + String.fromCharCode(rest) + value;
}

export const GET: readonly Field[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'site.test'],
];

export const POST: readonly Field[] = [[':method', 'POST'], ...GET.slice(1)];

/** @returns HEADERS that begin and end a header block */
export function headers(streamId: number, fields: readonly Field[], flags = END_STREAM): string {
  return frame(TYPE.headers, flags | END_HEADERS, streamId, block(fields));
}

/** A frame of the server. */
export interface Received {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** One connection, whose preface and SETTINGS are sent. */
export class Http2Peer {
  readonly peer: Peer;

  private constructor(peer: Peer) {
    this.peer = peer;
  }

  /** @param settings payload of the SETTINGS that are sent */
  static async connect(port: number, settings = ''): Promise<Http2Peer> {
    const client = new Http2Peer(await connect(port));
    client.send(PREFACE + frame(TYPE.settings, 0, 0, settings));
    return client;
  }

  send(bytes: string): void {
    this.peer.send(bytes);
  }

  /** The whole frames that have come so far. */
  get frames(): readonly Received[] {
    const bytes = Buffer.from(this.peer.text, 'latin1');
    const frames: Received[] = [];
    for (let at = 0; at + 9 <= bytes.length; ) {
      const length = bytes.readUIntBE(at, 3);
      if (at + 9 + length > bytes.length) break;
      frames.push({
        type: bytes[at + 3] ?? 0,
        flags: bytes[at + 4] ?? 0,
        streamId: bytes.readUInt32BE(at + 5),
        payload: bytes.subarray(at + 9, at + 9 + length),
      });
      at += 9 + length;
    }
    return frames;
  }

  /** Waits for a frame that `matches`. */
  until(matches: (frame: Received) => boolean): Promise<Received> {
    return this.peer.until(() => this.frames.find(matches));
  }

  /** Waits for the end of a stream or of the connection. @returns `answer`, `reset CODE` or `goaway CODE` */
  async outcome(streamId: number): Promise<string> {
    const end = await this.until((each) => isEnd(each, streamId));
    if (end.type === TYPE.goaway) return `goaway ${end.payload.readUInt32BE(4)}`;
    return end.type === TYPE.reset ? `reset ${end.payload.readUInt32BE(0)}` : 'answer';
  }

  /** Whether the connection still answers. */
  async answersPing(): Promise<boolean> {
    this.send(frame(TYPE.ping, 0, 0, 'are you?'));
    await this.until(({ type, flags }) => type === TYPE.ping && flags === 1);
    return true;
  }
}

function isEnd({ type, flags, streamId }: Received, wanted: number): boolean {
  if (type === TYPE.goaway) return true;
  if (streamId !== wanted) return false;
  return type === TYPE.reset || ((type === TYPE.data || type === TYPE.headers) && (flags & END_STREAM) !== 0);
}
