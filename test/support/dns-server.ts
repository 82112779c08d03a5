/**
 * test/support/dns-server.ts: a name server on a port of its own (RFC 1035 over UDP) that answers A, AAAA and SRV
 * questions from a table, knows how to fail, and remembers what it was asked.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import dns, { type Answer } from 'dns-packet';

export type RecordType = 'A' | 'AAAA' | 'SRV';

export interface ServiceRecord {
  readonly target: string;
  readonly port: number;
  readonly priority?: number;
  readonly weight?: number;
}

/** Response codes of RFC 1035 section 4.1.1. */
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

  /** Replaces the records of `name` of that type; without data there are none. @param ttl seconds */
  set(name: string, type: RecordType, data: Zone['data'], ttl = 60): void {
    if (data.length === 0) this.#zones.delete(`${name} ${type}`);
    else this.#zones.set(`${name} ${type}`, { ttl, data });
  }

  close(): void {
    this.#socket.close();
  }

  #answer(packet: Buffer): Buffer | undefined {
    const { id, questions = [] } = dns.decode(packet);
    const [question] = questions;
    if (question === undefined) return undefined;
    const name = question.name.toLowerCase();
    this.asked.push(`${name} ${question.type}`);
    if (this.failure === 'silence') return undefined;
    const zone = this.#zones.get(`${name} ${question.type}`);
    const known = [...this.#zones.keys()].some((key) => key.startsWith(`${name} `));
    const fails = this.failure === 'server-failure' || this.failing.some((type) => type === question.type);
    const code = fails ? SERVER_FAILURE : known ? NO_ERROR : NO_SUCH_NAME;
    const records = code === NO_ERROR ? (zone?.data ?? []) : [];
    return dns.encode({
      type: 'response',
      ...(id === undefined ? {} : { id }),
      flags: dns.AUTHORITATIVE_ANSWER | dns.RECURSION_DESIRED | dns.RECURSION_AVAILABLE | code,
      questions,
      answers: records.map((data) => record(question.name, zone?.ttl ?? 0, data)),
    });
  }
}

function record(name: string, ttl: number, data: string | ServiceRecord): Answer {
  if (typeof data === 'string') return { name, ttl, type: data.includes(':') ? 'AAAA' : 'A', data };
  return { name, ttl, type: 'SRV', data: { priority: 0, weight: 1, ...data } };
}
