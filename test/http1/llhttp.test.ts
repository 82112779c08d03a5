import { once } from 'node:events';
import { createServer, type IncomingMessage, METHODS, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { forwardRequestHead } from '../../src/http1/forward-request.js';
import { parseRequestHead, RequestHead } from '../../src/http1/request-head.js';
import { nearlyRightHead } from './generated-heads.js';
import { bytesOf, LIMITS } from './heads.js';

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  /** Name, value, name, value. */
  readonly fields: readonly string[];
}

/** A node:http server in strict mode: llhttp behind real sockets, telling what it read. */
class Reference {
  readonly #server: Server;
  #seen: Seen[] = [];

  constructor() {
    const note = (req: IncomingMessage, res: ServerResponse): void => {
      this.#seen.push({ method: req.method, url: req.url, fields: req.rawHeaders });
      res.writeHead(200, { connection: 'close' }).end();
    };
    this.#server = createServer({ insecureHTTPParser: false, requireHostHeader: true, keepAliveTimeout: 0 }, note);
    this.#server.on('checkContinue', note).on('checkExpectation', note);
    this.#server.on('upgrade', (req, socket) => {
      this.#seen.push({ method: req.method, url: req.url, fields: req.rawHeaders });
      socket.end('HTTP/1.1 200 OK\r\n\r\n');
    });
  }

  async start(): Promise<void> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** @returns the one request that `head` was read as; undefined when it was refused or read as several */
  async read(head: string): Promise<Seen | undefined> {
    this.#seen = [];
    const socket = connect((this.#server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(head, 'latin1');
    await once(socket.resume(), 'data');
    socket.destroy();
    return this.#seen.length === 1 ? this.#seen[0] : undefined;
  }
}

function fieldsOf(text: string, { fields }: RequestHead): string[] {
  return Array.from({ length: fields.count }, (_, i) => [
    text.slice(fields.nameAt(i), fields.colonAt(i)),
    text.slice(fields.valueAt(i), fields.valueEnd(i)),
  ]).flat();
}

/** Where we read more than llhttp by intent: methods it has no name for, and minor versions above 1. */
function isForBoth(head: RequestHead): boolean {
  return METHODS.includes(head.method) && (head.isExactVersion || head.minorVersion === 0);
}

describe('A request head that is accepted', () => {
  const reference = new Reference();
  before(() => reference.start());
  after(() => reference.stop());

  it('means the same to llhttp, as it came and as it is forwarded', async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(nearlyRightHead, async (text) => {
        const head = new RequestHead();
        if (parseRequestHead(text, bytesOf(text), LIMITS, head) !== 'complete' || !isForBoth(head)) return;
        compared++;
        const whole = text.slice(0, head.length);
        const { method, target: url } = head;
        expect(await reference.read(whole)).to.deep.equal({ method, url, fields: fieldsOf(whole, head) });

        const onward = forwardRequestHead(head, { address: '::1', proto: 'http', trusted: true }, 'b');
        const copy = new RequestHead();
        expect(parseRequestHead(onward, bytesOf(onward), LIMITS, copy)).to.equal('complete');
        expect(await reference.read(onward)).to.deep.equal({ method, url, fields: fieldsOf(onward, copy) });
      }),
      { numRuns: 1_500 },
    );
    expect(compared).to.be.greaterThan(200);
  });
});
