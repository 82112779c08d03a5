import { mock } from 'node:test';
import { expect } from 'chai';
import { EventReader, type ServerEvent } from '../../dashboard/model/sse.js';
import { Feed } from '../../src/control/admin/feed.js';
import type { BalancerView } from '../../src/control/view.js';
import { idOf, LogBook } from './support.js';
import { backendViewOf, viewWith } from './views.js';

const ABOUT = { pool: 'web', backend: idOf('10.0.0.1:80') };

/** Someone who watches, and reads when told to. */
class Watcher {
  readonly events = new EventReader();
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();

  constructor(stream: ReadableStream<Uint8Array> | undefined) {
    if (stream === undefined) throw new Error('There was no room');
    this.#reader = stream.getReader();
  }

  /** @returns the events of the next message; none for a comment */
  async read(): Promise<readonly ServerEvent[]> {
    const { value, done } = await this.#reader.read();
    if (done) throw new Error('The stream ended');
    return this.events.read(this.#decoder.decode(value, { stream: true }));
  }

  leave(): Promise<void> {
    return this.#reader.cancel();
  }
}

describe('The feed', () => {
  let log: LogBook;
  let shown: BalancerView | Error;
  let drawn: number;
  let nowMs: number;
  let feed: Feed;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    log = new LogBook();
    shown = viewWith([]);
    drawn = 0;
    nowMs = 0;
    const view = (): BalancerView => {
      drawn += 1;
      if (shown instanceof Error) throw shown;
      return shown;
    };
    feed = new Feed({
      source: { journal: log.journal, view },
      logger: log.logger,
      nowMs: () => nowMs,
      mostReaders: 16,
    });
  });
  afterEach(() => {
    feed.endAll();
    mock.timers.reset();
  });

  const watch = (lastId?: string, cut = (): void => {}): Watcher => new Watcher(feed.open(lastId, cut));
  const lose = (reason: string): void => log.journal.note('backend-down', { ...ABOUT, reason });
  const textsOf = (events: readonly ServerEvent[]): unknown => {
    const entries: unknown = JSON.parse(events.find(({ event }) => event === 'events')?.data ?? '[]');
    return Array.isArray(entries) ? entries.map(({ text }) => text) : entries;
  };

  it('begins with what happened and what it looks like now', async () => {
    lose('early');
    const [events, view] = await watch().read();
    expect(textsOf(events === undefined ? [] : [events])).to.deep.equal(['down: early']);
    expect(view).to.deep.equal({ event: 'view', data: JSON.stringify(shown) });
  });

  it('draws one picture a second for everybody, and none while nobody watches', async () => {
    const [one, two] = [watch(), watch()];
    expect(drawn).to.equal(1);
    mock.timers.tick(1_000);
    expect(drawn).to.equal(2);
    await one.read();
    expect((await one.read()).map(({ event }) => event)).to.deep.equal(['view']);
    await one.leave();
    await two.leave();
    mock.timers.tick(60_000);
    expect([drawn, feed.size]).to.deep.equal([2, 0]);
    watch();
    expect(drawn).to.equal(3);
  });

  it('draws a picture that takes long so rarely that it costs a twentieth of the time', () => {
    const slow = viewWith([]);
    Object.defineProperty(slow, 'pid', {
      enumerable: true,
      get: () => {
        nowMs += 200;
        return 1;
      },
    });
    shown = slow;
    watch();
    mock.timers.tick(3_799);
    expect(drawn).to.equal(1);
    mock.timers.tick(1);
    expect(drawn).to.equal(2);
  });

  it('tells at once what happens, and what happens together in one message', async () => {
    const watcher = watch();
    await watcher.read();
    lose('one');
    lose('two');
    mock.timers.tick(50);
    expect(textsOf(await watcher.read())).to.deep.equal(['down: one', 'down: two']);
    lose('three');
    mock.timers.tick(50);
    expect(textsOf(await watcher.read())).to.deep.equal(['down: three']);
  });

  it('goes on after the last message that a reader has seen', async () => {
    const first = watch();
    lose('seen');
    mock.timers.tick(50);
    await first.read();
    await first.read();
    await first.leave();
    lose('missed');
    expect(textsOf(await watch(first.events.lastId).read())).to.deep.equal(['down: missed']);
    expect(textsOf(await watch('another-1').read())).to.deep.equal(['down: seen', 'down: missed']);
  });

  it('tells one that joins nothing twice', async () => {
    watch();
    lose('before it joined');
    const late = watch();
    expect(textsOf(await late.read())).to.deep.equal(['down: before it joined']);
    lose('after');
    mock.timers.tick(50);
    expect(textsOf(await late.read())).to.deep.equal(['down: after']);
  });

  it('sends a comment every five seconds, so that silence means that it is gone', async () => {
    shown = new Error('no picture');
    const watcher = watch();
    await watcher.read();
    shown = viewWith([]);
    for (let second = 0; second < 5; second += 1) mock.timers.tick(1_000);
    const read = [];
    for (let i = 0; i < 6; i += 1) read.push((await watcher.read()).length);
    expect(read.toSorted()).to.deep.equal([0, 1, 1, 1, 1, 1]);
  });

  it('cuts off one who leaves a megabyte unread, and nobody else', async () => {
    shown = viewWith([backendViewOf('10.0.0.1:80', { reason: 'x'.repeat(600_000) })]);
    let cut = 0;
    watch(undefined, () => {
      cut += 1;
    });
    const quick = watch();
    await quick.read();
    for (let i = 0; i < 2; i += 1) {
      mock.timers.tick(1_000);
      await quick.read();
    }
    expect([feed.size, cut]).to.deep.equal([1, 1]);
    mock.timers.tick(1_000);
    expect((await quick.read()).length).to.equal(1);
  });

  it('goes on when the view cannot be put together', async () => {
    const watcher = watch();
    await watcher.read();
    shown = new Error('broken view');
    mock.timers.tick(1_000);
    expect(log.all('the view could not be put together')).to.have.length(1);
    shown = viewWith([]);
    mock.timers.tick(1_000);
    expect(feed.size).to.equal(1);
  });

  it('has room for sixteen', async () => {
    const all = Array.from({ length: 16 }, () => watch());
    expect(feed.open(undefined, () => {})).to.equal(undefined);
    await all[0]?.leave();
    expect(feed.open(undefined, () => {})).not.to.equal(undefined);
  });
});
