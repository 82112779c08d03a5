/**
 * test/fuzz/first-bytes.ts: disturbs what connections begin with, PROXY headers and ClientHellos. No other reader is at
 * hand for these, so the readers are held to what has to be true of any input: what a part of the bytes has been taken
 * for stays so when more come, and what was read comes out the same when it is written and read again.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Random, seeded } from '../../src/core/random.js';
import { readClientHello } from '../../src/inbound/client-hello.js';
import { readProxyHeader, writeProxyHeader } from '../../src/inbound/proxy-header.js';
import { oneIn, oneOf, several } from './chance.js';

export interface FirstBytesFinding {
  /** In hexadecimal. */
  readonly bytes: string;
  readonly difference: string;
}

export interface FirstBytesScore {
  inputs: number;
  /** Inputs that were taken for a header or a ClientHello. */
  accepted: number;
  readonly findings: FirstBytesFinding[];
}

const MOST_FINDINGS = 20;
const SIGNATURE = '0d0a0d0a000d0a515549540a';
/** A ClientHello for `a.example` with GREASE, in one record. */
const HELLO = helloFor('a.example');

const SEEDS: readonly [Buffer, ...Buffer[]] = [
  Buffer.from('PROXY TCP4 203.0.113.9 192.0.2.1 41234 443\r\nGET / HTTP/1.1\r\n'),
  Buffer.from('PROXY TCP6 2001:db8::9 ::ffff:192.0.2.1 41234 443\r\n'),
  Buffer.from('PROXY UNKNOWN ffff::1 ::1 1 2\r\n'),
  Buffer.from(`${SIGNATURE}2111000ccb007109c0000201a11201bb16`, 'hex'),
  Buffer.from(`${SIGNATURE}2000000003`, 'hex'),
  Buffer.from(`${SIGNATURE}21210024${'20010db8'.padEnd(32, '0')}${'1'.padStart(32, '0')}a11201bb`, 'hex'),
  // With TLVs: ALPN, and a checksum, which is wrong.
  Buffer.from(`${SIGNATURE}21110018cb007109c0000201a11201bb010002683203000400000000`, 'hex'),
  recordsOf(HELLO, HELLO.length),
  recordsOf(HELLO, 7),
];

/** Makes and judges inputs while `more` says so. @param seed names the run: the same seed gives the same inputs */
export function fuzzFirstBytes(seed: number, more: (score: FirstBytesScore) => boolean): FirstBytesScore {
  const random = seeded(seed);
  const score: FirstBytesScore = { inputs: 0, accepted: 0, findings: [] };
  while (score.findings.length < MOST_FINDINGS && more(score)) {
    const bytes = disturbed(random, oneOf(random, SEEDS));
    const cuts = [random.below(bytes.length + 1), random.below(bytes.length + 1)];
    score.inputs += 1;
    if (typeof readProxyHeader(bytes) === 'object' || typeof readClientHello(bytes) === 'object') score.accepted += 1;
    const difference = differenceIn(bytes, cuts);
    if (difference !== '') score.findings.push({ bytes: bytes.toString('hex'), difference });
  }
  return score;
}

/** @returns what is wrong with how `bytes` are read; '' for nothing */
function differenceIn(bytes: Buffer, cuts: readonly number[]): string {
  try {
    for (const [name, read] of [
      ['PROXY header', readProxyHeader],
      ['ClientHello', readClientHello],
    ] as const) {
      const whole = read(bytes);
      for (const cut of cuts) {
        const part = read(bytes.subarray(0, cut));
        if (part === 'incomplete' || isDeepStrictEqual(part, whole)) continue;
        return `${name}: ${JSON.stringify(part)} after ${cut} bytes, ${JSON.stringify(whole)} after all`;
      }
    }
    return differenceInWritten(bytes);
  } catch (error) {
    return `threw ${error}`;
  }
}

/** @returns how what a PROXY header says differs from what is read once it was written again */
function differenceInWritten(bytes: Buffer): string {
  const header = readProxyHeader(bytes);
  if (typeof header === 'string' || header.endpoints === undefined) return '';
  for (const version of ['v1', 'v2'] as const) {
    const again = readProxyHeader(Buffer.from(writeProxyHeader(version, header.endpoints), 'latin1'));
    if (typeof again === 'string' || !isDeepStrictEqual(again.endpoints, header.endpoints)) {
      return `PROXY header: ${JSON.stringify(header)} is ${JSON.stringify(again)} when written in ${version}`;
    }
  }
  return '';
}

function disturbed(random: Random, seed: Buffer): Buffer {
  let bytes: Buffer = Buffer.from(seed);
  for (const disturb of several(random, 3, () => oneOf(random, DISTURBANCES))) bytes = disturb(random, bytes);
  return bytes;
}

type Disturb = (random: Random, bytes: Buffer) => Buffer;

const DISTURBANCES: readonly [Disturb, ...Disturb[]] = [
  (random, bytes) => bytes.subarray(0, random.below(bytes.length + 1)),
  (random, bytes) => replaced(random, bytes, 1, Buffer.from([random.below(256)])),
  (random, bytes) => replaced(random, bytes, 1, Buffer.from([oneIn(random, 2) ? 0 : 255])),
  (random, bytes) => replaced(random, bytes, random.below(4), Buffer.alloc(0)),
  (random, bytes) => replaced(random, bytes, 0, Buffer.from([random.below(256)])),
  (random, bytes) => replaced(random, bytes, 0, bytes.subarray(random.below(bytes.length + 1))),
  (random, bytes) => Buffer.concat([bytes, oneOf(random, SEEDS)]),
];

function replaced(random: Random, bytes: Buffer, count: number, by: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(Math.min(bytes.length, at + count))]);
}

function vector(width: 1 | 2 | 3, ...parts: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(parts);
  const length = Buffer.alloc(width);
  length.writeUIntBE(bytes.length, 0, width);
  return Buffer.concat([length, bytes]);
}

/** @returns a ClientHello with its message head, without records */
function helloFor(name: string): Buffer {
  const serverName = Buffer.concat([
    Buffer.alloc(2),
    vector(2, vector(2, Buffer.alloc(1), vector(2, Buffer.from(name)))),
  ]);
  const grease = Buffer.from('0a0a000100', 'hex');
  const fixed = Buffer.concat([Buffer.from('0303', 'hex'), Buffer.alloc(32, 7), vector(1, Buffer.alloc(8, 1))]);
  const suites = vector(2, Buffer.from('0a0a13011302', 'hex'));
  const body = Buffer.concat([fixed, suites, vector(1, Buffer.alloc(1)), vector(2, grease, serverName)]);
  return Buffer.concat([Buffer.from([1]), vector(3, body)]);
}

/** @returns `message` in handshake records of at most `most` bytes */
function recordsOf(message: Buffer, most: number): Buffer {
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += most) {
    records.push(Buffer.from('160301', 'hex'), vector(2, message.subarray(at, at + most)));
  }
  return Buffer.concat(records);
}
