/**
 * test/workers/flow.test.ts: bytes that move between transports of any kind: one whose writes are done at once, as over
 * TCP, and one whose writes are always done later, as over TLS.
 */
import { expect } from 'chai';
import { Flow } from '../../workers/flow.js';
import { type Loan, ReadBuffers } from '../../workers/read-buffers.js';
import type { ByteSink, ByteSource } from '../../workers/transport.js';

const FULL = 256 * 1024;

/** A source that reads when it is told to, into the buffer that it has. */
class Source implements ByteSource {
  readBuffer: Buffer;
  loan: Loan | undefined = undefined;
  readonly isOpen = true;
  isPaused = false;
  private fill = 0;

  constructor(buffers: ReadBuffers) {
    this.readBuffer = buffers.shared;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  /** Reads as much as fits, every byte of it the number of the read. */
  read(): Buffer {
    this.fill += 1;
    return this.readBuffer.fill(this.fill);
  }
}

/** A sink whose writes wait until they are let go; behind once more than its mark waits. */
class LateSink implements ByteSink {
  readonly taken: Buffer[] = [];
  private readonly mark: number;
  private waiting: { readonly bytes: Buffer; readonly onWritten: () => void }[] = [];

  constructor(mark: number) {
    this.mark = mark;
  }

  get pendingBytes(): number {
    return this.waiting.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  get isBehind(): boolean {
    return this.pendingBytes > this.mark;
  }

  write(bytes: Buffer, onWritten: () => void): void {
    this.waiting.push({ bytes, onWritten });
  }

  /** Takes the first of the writes, with the bytes that its buffer holds by now. */
  takeOne(): void {
    const first = this.waiting.shift();
    if (first === undefined) throw new TypeError('Nothing is written');
    this.taken.push(Buffer.from(first.bytes));
    first.onWritten();
  }

  hold(): void {}
  flush(): void {}
  end(): void {}
  close(): void {}
}

describe('A flow', () => {
  let buffers: ReadBuffers;
  let source: Source;
  let stalls: string[];

  beforeEach(() => {
    buffers = new ReadBuffers();
    source = new Source(buffers);
    stalls = [];
  });

  function flowTo(sink: ByteSink): Flow {
    return new Flow(source, sink, buffers, {
      onStalled: () => stalls.push('stalled'),
      onMoving: () => stalls.push('moving'),
    });
  }

  function move(flow: Flow): void {
    const bytes = source.read();
    flow.write(bytes, 0, bytes.length);
    flow.settle();
    flow.adapt(bytes.length);
  }

  it('to a sink whose writes are always done later goes on up to its mark', () => {
    const sink = new LateSink(3 * FULL);
    const flow = flowTo(sink);
    move(flow);
    for (let read = 0; read < 3; read++) move(flow);
    expect(source.isPaused, 'one copied read and three of a loan are below its mark').to.equal(true);
    expect(stalls).to.deep.equal(['stalled']);
    sink.takeOne();
    expect(source.isPaused).to.equal(false);
    expect(stalls).to.deep.equal(['stalled', 'moving']);
  });

  it('never reads into a buffer that a write still refers to', () => {
    const sink = new LateSink(Number.POSITIVE_INFINITY);
    const flow = flowTo(sink);
    for (let read = 0; read < 6; read++) move(flow);
    while (sink.pendingBytes > 0) sink.takeOne();
    const seen = sink.taken.map((bytes) => [...new Set(bytes)]);
    expect(seen).to.deep.equal([[1], [2], [3], [4], [5], [6]]);
    flow.finish(false);
    expect(buffers.outstanding).to.equal(0);
  });

  it('keeps its one buffer where each write is done before the next read', () => {
    const sink = new LateSink(Number.POSITIVE_INFINITY);
    const flow = flowTo(sink);
    move(flow);
    sink.takeOne();
    flow.adapt(source.readBuffer.length);
    const { loan } = source;
    for (let read = 0; read < 4; read++) {
      const bytes = source.read();
      flow.write(bytes, 0, bytes.length);
      sink.takeOne();
      flow.settle();
      flow.adapt(bytes.length);
    }
    expect(source.loan).to.equal(loan);
    expect(stalls).to.deep.equal([]);
    flow.finish(false);
    expect(buffers.outstanding).to.equal(0);
  });
});
