/** test/workers/sticky.test.ts: clients that stay with the backend that served them first. */
import { expect } from 'chai';
import { type Backend, refusingAddress, startBackend, startRawBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { holding, waits } from '../support/holding.js';
import { field, type Message } from '../support/message.js';
import { connect } from '../support/peer.js';
import { type ProxyOptions, startProxy, type TestProxy, up } from '../support/proxy.js';

const SECRET = 'a secret for these tests';
const named = (name: string): Promise<Backend> => startBackend((_request, response) => void response.end(name));
const three = (): Promise<Backend[]> => Promise.all(['a', 'b', 'c'].map(named));

function startSticky(options: ProxyOptions): Promise<TestProxy> {
  return startProxy({ sticky: { cookie: 'rh' }, stickySecret: SECRET, ...options });
}

async function startThree(options: Omit<ProxyOptions, 'backends'> = {}): Promise<[TestProxy, readonly Backend[]]> {
  const backends = await three();
  return [await startSticky({ ...options, backends: backends.map(({ address }) => address) }), backends];
}

/** A client that keeps its cookies, as a browser does, and uses a connection of its own for each request. */
class Browser {
  cookie = '';
  last: Message | undefined;
  readonly #port: number;

  constructor(proxy: TestProxy) {
    this.#port = proxy.port;
  }

  /** @returns the body of the answer */
  async get(path = '/', ...fields: readonly string[]): Promise<string> {
    const client = await connect(this.#port);
    const lines = [`GET ${path} HTTP/1.1`, 'Host: site.test', 'Connection: close', ...fields];
    if (this.cookie !== '') lines.push(`Cookie: theme=dark; ${this.cookie}; lang=en`);
    client.send(`${lines.join('\r\n')}\r\n\r\n`);
    this.last = await client.message();
    const set = this.setCookie;
    if (set !== undefined) this.cookie = set.split(';')[0] ?? '';
    return this.last.body;
  }

  /** The Set-Cookie field of the last answer. */
  get setCookie(): string | undefined {
    return this.last === undefined ? undefined : field(this.last, 'set-cookie');
  }
}

describe('A sticky pool', () => {
  afterEach(stopEverything);

  it('gives a client a cookie with its first answer, and then only its backend', async () => {
    const [proxy] = await startThree();
    const browser = new Browser(proxy);
    const first = await browser.get();
    expect(browser.setCookie).to.match(/^rh=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    for (let i = 0; i < 6; i++) {
      expect(await browser.get()).to.equal(first);
      expect(browser.setCookie).to.equal(undefined);
    }
  });

  it('spreads new clients as its policy does, and keeps each where it is', async () => {
    const [proxy] = await startThree();
    const browsers = Array.from({ length: 9 }, () => new Browser(proxy));
    const firsts: string[] = [];
    for (const browser of browsers) firsts.push(await browser.get());
    expect(firsts.join('')).to.equal('abcabcabc');
    for (const [i, browser] of browsers.entries()) expect(await browser.get()).to.equal(firsts[i]);
  });

  it('says nothing of the backend in the cookie', async () => {
    const [proxy, backends] = await startThree();
    const browser = new Browser(proxy);
    await browser.get();
    const value = browser.cookie.slice(3);
    for (const text of [value, Buffer.from(value, 'base64url').toString('latin1')]) {
      for (const { port } of backends) expect(text).to.not.include(String(port));
    }
  });

  it('writes the attributes that are configured', async () => {
    const sticky = { cookie: 'session', ttl: '90s', path: '/app', sameSite: 'none', secure: true } as const;
    const [proxy] = await startThree({ sticky });
    const browser = new Browser(proxy);
    await browser.get();
    expect(browser.setCookie).to.match(/^session=[\w-]{43}; Path=\/app; Max-Age=90; HttpOnly; SameSite=None; Secure$/);
  });

  it('honours the cookie of another worker that has the same secret, and of no other', async () => {
    const backends = (await three()).map(({ address }) => address);
    const browser = new Browser(await startSticky({ backends }));
    await browser.get();
    await browser.get();
    const first = await browser.get();
    for (const [stickySecret, honoured] of [
      [SECRET, true],
      ['quite another secret', false],
    ] as const) {
      const other = new Browser(await startSticky({ backends: [...backends].reverse(), stickySecret }));
      other.cookie = browser.cookie;
      const answer = await other.get();
      expect(other.setCookie === undefined, stickySecret).to.equal(honoured);
      expect(answer === first || !honoured).to.equal(true);
    }
  });

  it('takes a cookie that was tampered with, wherever, for none', async () => {
    const [proxy] = await startThree();
    const browser = new Browser(proxy);
    await browser.get();
    const good = browser.cookie;
    const forged = [...good.slice(3)].map((character, i) => {
      const other = character === 'A' ? 'B' : 'A';
      return `${good.slice(0, 3 + i)}${other}${good.slice(4 + i)}`;
    });
    for (const cookie of [...forged, 'rh=', `${good}A`, good.slice(0, -1), 'rh=10.0.0.1:80', `rh="${good.slice(3)}"`]) {
      browser.cookie = cookie;
      await browser.get();
      expect(browser.setCookie, cookie).to.not.equal(undefined);
    }
  });

  for (const [what, state] of [
    ['down', { health: 'down' }],
    ['ejected', { outlier: 'ejected' }],
    ['draining', { admin: 'draining' }],
  ] as const) {
    it(`moves a client whose backend is ${what}, for good`, async () => {
      const [proxy, [a]] = await startThree();
      const browser = new Browser(proxy);
      expect(await browser.get()).to.equal('a');
      proxy.change(a?.address ?? '', 2, state);
      const second = await browser.get();
      expect(second).to.not.equal('a');
      expect(browser.setCookie).to.not.equal(undefined);
      proxy.change(a?.address ?? '', 3);
      for (let i = 0; i < 3; i++) expect(await browser.get()).to.equal(second);
    });
  }

  it('moves a client whose backend has left, and knows one that has joined', async () => {
    const [proxy, [a]] = await startThree();
    const [leaving, joining] = [new Browser(proxy), new Browser(proxy)];
    expect(await leaving.get()).to.equal('a');
    proxy.apply({ kind: 'removed', pool: 'default', version: 2, id: proxy.upstream(a?.address ?? '').id });
    expect(await leaving.get()).to.not.equal('a');
    expect(leaving.setCookie).to.not.equal(undefined);
    const d = await named('d');
    proxy.change(d.address, 3);
    while ((await joining.get()) !== 'd') joining.cookie = '';
    for (let i = 0; i < 4; i++) expect(await joining.get()).to.equal('d');
  });

  it('keeps its clients when the pool is replaced whole', async () => {
    const [proxy, backends] = await startThree();
    const browser = new Browser(proxy);
    const first = await browser.get();
    const settings = { weight: 9, tier: 0, maxConnections: 0 };
    const listed = backends.map(({ address }) => up({ address, ...settings }));
    proxy.worker.receive({ type: 'snapshot', snapshot: { pool: 'default', version: 7, backends: listed } }, undefined);
    for (let i = 0; i < 4; i++) expect(await browser.get()).to.equal(first);
    expect(browser.setCookie).to.equal(undefined);
  });

  it('moves a client whose backend cannot be reached within the request', async () => {
    const a = await named('a');
    const [dead, b] = [await refusingAddress(), await named('b')];
    const proxy = await startSticky({ backends: [dead, b.address] });
    const browser = new Browser(proxy);
    expect(await browser.get()).to.equal('b');
    expect(browser.setCookie).to.not.equal(undefined);
    expect(await browser.get()).to.equal('b');
    const both = await startSticky({ backends: [a.address, b.address] });
    const other = new Browser(both);
    expect(await other.get()).to.equal('a');
    a.kill();
    expect(await other.get()).to.equal('b');
    expect(other.setCookie).to.not.equal(undefined);
  });

  it('gives no cookie with an answer of its own', async () => {
    const proxy = await startSticky({ backends: [await refusingAddress()] });
    const browser = new Browser(proxy);
    await browser.get();
    expect(browser.last?.status).to.equal(502);
    expect(browser.setCookie).to.equal(undefined);
  });

  it('leaves the cookies of the backend alone, and those of the client', async () => {
    const backend = await startBackend((request, response) => {
      response.setHeader('Set-Cookie', ['own=1', 'more=2']);
      response.end(request.headers.cookie);
    });
    const proxy = await startSticky({ backends: [backend.address] });
    const browser = new Browser(proxy);
    await browser.get();
    const set = browser.last?.fields
      .filter(({ name }) => name.toLowerCase() === 'set-cookie')
      .map(({ value }) => value);
    expect(set?.slice(0, 2)).to.deep.equal(['own=1', 'more=2']);
    const brought = set?.[2]?.split(';')[0] ?? '';
    browser.cookie = brought;
    expect(await browser.get()).to.equal(`theme=dark; ${brought}; lang=en`);
  });

  it('ties a client that upgrades, too', async () => {
    const backend = await startRawBackend(async (peer) => {
      await peer.message();
      peer.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n');
    });
    const proxy = await startSticky({ backends: [backend.address] });
    const client = await connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: site.test\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n');
    const answer = await client.message();
    expect(answer.status).to.equal(101);
    expect(field(answer, 'set-cookie')).to.match(/^rh=/);
  });

  it('has a client wait for its backend while that is full, and serves others meanwhile', async () => {
    const full = await holding();
    const b = await named('b');
    const proxy = await startSticky({ backends: [{ address: full.address, maxConnections: 1 }, b.address] });
    const [tied, second, stranger] = [new Browser(proxy), new Browser(proxy), new Browser(proxy)];
    const taken = tied.get('/first');
    await full.answer('/first');
    await taken;
    second.cookie = tied.cookie;
    const answers = [tied.get('/held')];
    await eventually('its backend is full', () => full.open.length === 1);
    answers.push(second.get('/waits'));
    await waits(proxy, 1);
    expect(await stranger.get()).to.equal('b');
    await full.answer('/held');
    await full.answer('/waits');
    expect(await Promise.all(answers)).to.deep.equal(['/held', '/waits']);
  });

  it('serves those behind a client that waits for its own backend', async () => {
    const [one, two] = [await holding(), await holding()];
    const limited = [one, two].map(({ address }) => ({ address, maxConnections: 1 }));
    const proxy = await startSticky({ backends: limited });
    const tied = new Browser(proxy);
    const first = tied.get('/first');
    await one.answer('/first');
    await first;
    const held = [tied.get('/one'), new Browser(proxy).get('/two')];
    await eventually('both are full', () => one.open.length + two.open.length === 2);
    const again = new Browser(proxy);
    again.cookie = tied.cookie;
    held.push(again.get('/tied'));
    await waits(proxy, 1);
    held.push(new Browser(proxy).get('/free'));
    await waits(proxy, 2);
    await two.answer('/two');
    await two.answer('/free');
    await one.answer('/one');
    await one.answer('/tied');
    expect(await Promise.all(held)).to.deep.equal(['/one', '/two', '/tied', '/free']);
  });
});

describe('A pool that is not sticky', () => {
  afterEach(stopEverything);

  it('sets no cookie and heeds none', async () => {
    const backends = (await three()).map(({ address }) => address);
    const sticky = new Browser(await startSticky({ backends }));
    await sticky.get();
    const plain = new Browser(await startProxy({ backends, stickySecret: SECRET }));
    plain.cookie = sticky.cookie;
    expect([await plain.get(), await plain.get(), await plain.get()].join('')).to.equal('abc');
    expect(plain.setCookie).to.equal(undefined);
  });
});
