/**
 * test/support/dns-server.ts: a name server on a port of its own (RFC 1035 over UDP) that answers A, AAAA and SRV
 * questions from a table, knows how to fail, and remembers what it was asked.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

const TYPES = { A: 1, AAAA: 28, SRV: 33 } as const;
export type RecordType = keyof typeof TYPES;

export interface ServiceRecord {
  readonly target: string;
  readonly port: number;
  readonly priority?: number;
  readonly weight?: number;
}

const NO_ERROR = 0;
const SERVER_FAILURE = 2;
const NO_SUCH_NAME = 3;

interface Zone {
  readonly ttl: number;
  readonly data: readonly (string | ServiceRecord)[];
}

export class DnsServer {
  /** `IP:port`, as it is configured. */
  readonly address: string;
  /** `NAME TYPE`, in the order of arrival. */
  readonly asked: string[] = [];
  /** Answers every question like this instead. */
  failure: 'server-failure' | 'silence' | undefined;
  /** Fails for these questions only. */
  failing: readonly RecordType[] = [];
  readonly #zones = new Map<string, Zone>();
  readonly #socket: ReturnType<typeof createSocket>;

  private constructor(socket: ReturnType<typeof createSocket>) {
    this.#socket = socket;
    this.address = `127.0.0.1:${socket.address().port}`;
    socket.on('message', (question, { port, address }) => {
      const answer = this.#answer(question);
      if (answer !== undefined) socket.send(answer, port, address);
    });
  }

  static async start(): Promise<DnsServer> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new DnsServer(socket);
  }

  /** Takes the place of what `name` had; no data takes the name away. @param ttl seconds */
  set(name: string, type: RecordType, data: Zone['data'], ttl = 60): void {
    if (data.length === 0) this.#zones.delete(`${name} ${type}`);
    else this.#zones.set(`${name} ${type}`, { ttl, data });
  }

  close(): void {
    this.#socket.close();
  }

  #answer(question: Buffer): Buffer | undefined {
    const { name, end } = readName(question, 12);
    const number = question.readUInt16BE(end);
    const type = (Object.keys(TYPES) as RecordType[]).find((each) => TYPES[each] === number);
    this.asked.push(`${name} ${type ?? number}`);
    if (this.failure === 'silence') return undefined;
    const zone = this.#zones.get(`${name} ${type}`);
    const known = [...this.#zones.keys()].some((key) => key.startsWith(`${name} `));
    const fails = this.failure === 'server-failure' || (type !== undefined && this.failing.includes(type));
    const code = fails ? SERVER_FAILURE : known ? NO_ERROR : NO_SUCH_NAME;
    const records = code === NO_ERROR ? (zone?.data ?? []) : [];
    const header = Buffer.alloc(12);
    question.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8580 | code, 2); // a response, authoritative, recursion wanted and available
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    const answers = records.map((data) => record(number, zone?.ttl ?? 0, data));
    return Buffer.concat([header, question.subarray(12, end + 4), ...answers]);
  }
}

function record(type: number, ttl: number, data: string | ServiceRecord): Buffer {
  const value = typeof data === 'string' ? addressBytes(data) : serviceBytes(data);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0); // the name of the question
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(ttl, 6);
  head.writeUInt16BE(value.length, 10);
  return Buffer.concat([head, value]);
}

function addressBytes(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
  const [left = '', right = ''] = address.split('::');
  const words = (text: string): number[] =>
    text
      .split(':')
      .filter(Boolean)
      .map((word) => Number.parseInt(word, 16));
  const [front, back] = [words(left), words(right)];
  const all = [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 255]));
}

function serviceBytes({ target, port, priority = 0, weight = 1 }: ServiceRecord): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt16BE(priority, 0);
  head.writeUInt16BE(weight, 2);
  head.writeUInt16BE(port, 4);
  return Buffer.concat([head, nameBytes(target)]);
}

function nameBytes(name: string): Buffer {
  const labels = name.split('.').filter(Boolean);
  return Buffer.concat([
    ...labels.map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`)),
    Buffer.alloc(1),
  ]);
}

function readName(bytes: Buffer, from: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = from;
  for (let length = bytes[at] ?? 0; length > 0; length = bytes[at] ?? 0) {
    labels.push(bytes.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}
