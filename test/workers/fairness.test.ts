/** test/workers/fairness.test.ts: a connection whose bytes are costly to read leaves the others their turn. */
import { expect } from 'chai';
import { startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { connect } from '../support/peer.js';
import { startProxy } from '../support/proxy.js';

const CHUNKS = 400_000;
const PLAIN = '1\r\nx\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

/** Counts the calls of the method `name` of `target` in each turn of the event loop. */
class Turns {
  /** Calls in all. */
  calls = 0;
  /** Most calls in one turn. */
  most = 0;
  private inTurn = 0;

  constructor(target: object, name: string) {
    const method: unknown = Reflect.get(target, name);
    if (typeof method !== 'function') throw new TypeError(`No method ${name}`);
    Reflect.set(target, name, (...given: unknown[]) => {
      if (this.inTurn === 0) setImmediate(() => this.ends());
      this.calls += 1;
      this.inTurn += 1;
      return Reflect.apply(method, target, given);
    });
  }

  private ends(): void {
    this.most = Math.max(this.most, this.inTurn);
    this.inTurn = 0;
  }
}

describe('A connection with a body in tiny chunks', () => {
  afterEach(stopEverything);

  for (const [kind, chunk] of [['plain', PLAIN] as const, ['with extensions', '1;a=b\r\nx\r\n'] as const]) {
    it(`is read once a turn while it uploads (${kind}), and the body stays whole`, async () => {
      const backend = await startBackend((request, response) => {
        let bytes = 0;
        request.on('data', (data: Buffer) => {
          bytes += data.length;
        });
        request.on('end', () => response.end(String(bytes)));
      });
      const proxy = await startProxy({ backends: [backend.address] });
      const client = await connect(proxy.port);
      client.send(POST);
      await eventually('the upload has begun', () => backend.accepted === 1);
      const [connection] = proxy.worker.door.connections;
      const reads = new Turns(connection ?? {}, 'onBytes');
      client.send(`${chunk.repeat(CHUNKS)}0\r\n\r\n`);
      expect((await client.message()).body).to.equal(String(CHUNKS));
      expect(reads.calls).to.be.above(5);
      expect(reads.most).to.be.below(3);
    });
  }

  it('is read once a turn while it downloads, and the body stays whole', async () => {
    let begun = false;
    const body = `${PLAIN.repeat(CHUNKS)}0\r\n\r\n`;
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send(`${OK}${PLAIN}`);
      await eventually('it has begun', () => begun);
      peer.send(body);
    });
    const proxy = await startProxy({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\n\r\n');
    await client.through(PLAIN);
    const [exchange] = [...proxy.worker.door.connections][0]?.exchanges ?? [];
    const reads = new Turns(exchange?.current?.stream ?? {}, 'onBytes');
    begun = true;
    await client.through('0\r\n\r\n');
    await eventually('it is over', () => proxy.inflight === 0);
    expect(reads.calls).to.be.above(5);
    expect(reads.most).to.be.below(3);
  });
});
