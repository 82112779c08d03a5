/**
 * test/workers/connection-auth.test.ts: NTLM and Negotiate, where a server takes all that comes on a connection for the
 * requests of whoever has logged in there.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { type Backend, startBackend } from '../support/backend.js';
import { stopEverything } from '../support/cleanup.js';
import { eventually } from '../support/eventually.js';
import { field } from '../support/message.js';
import { connect, type Peer } from '../support/peer.js';
import { startProxy, type TestProxy } from '../support/proxy.js';

/** A server whose clients log in as with NTLM: two round trips on one connection, which from then on is theirs. */
class LoginServer {
  /** The connections of those who have logged in, by name. */
  readonly of = new Map<string, Socket>();
  private readonly users = new Map<Socket, string>();
  private readonly numbers = new Map<Socket, number>();
  private readonly status: 401 | 407;
  private readonly challenge: string;

  constructor(scheme = 'NTLM', status: 401 | 407 = 401) {
    this.status = status;
    this.challenge = scheme;
  }

  readonly serve: RequestListener = (request, response) => {
    request.resume().once('end', () => this.answer(request, response));
  };

  private answer({ socket, headers }: IncomingMessage, response: ServerResponse): void {
    const number = this.numbers.get(socket) ?? this.numbers.size + 1;
    this.numbers.set(socket, number);
    const [, step = '', name = '', onNumber = ''] = headers.authorization?.split(/[ :]/) ?? [];
    if (step === 'proof' && Number(onNumber) === number) {
      this.users.set(socket, name);
      this.of.set(name, socket);
    }
    const user = this.users.get(socket);
    if (user !== undefined) return void response.end(`for ${user}`);
    const token = step === 'hello' ? ` ${number}` : '';
    const field = this.status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
    response.writeHead(this.status, { [field]: `${this.challenge}${token}` }).end('who is there?');
  }
}

async function ask(client: Peer, authorization = ''): Promise<{ status: number; body: string; token: string }> {
  const line = authorization === '' ? '' : `Authorization: NTLM ${authorization}\r\n`;
  client.send(`GET / HTTP/1.1\r\nHost: site.test\r\n${line}\r\n`);
  const answer = await client.message();
  const { status, body } = answer;
  const challenge = field(answer, 'www-authenticate') ?? field(answer, 'proxy-authenticate') ?? '';
  return { status, body, token: challenge.split(' ').pop() ?? '' };
}

/** Logs `client` in as `name`, as browsers do after the first 401. */
async function logIn(client: Peer, name: string): Promise<void> {
  await ask(client);
  const { token } = await ask(client, 'hello');
  expect((await ask(client, `proof:${name}:${token}`)).body).to.equal(`for ${name}`);
}

describe('A server that authenticates connections', () => {
  afterEach(stopEverything);

  async function start(
    server: LoginServer,
    options: Partial<Parameters<typeof startProxy>[0]> = {},
  ): Promise<{ backend: Backend; proxy: TestProxy }> {
    const backend = await startBackend(server.serve, { keepAliveTimeout: 0 });
    return { backend, proxy: await startProxy({ backends: [backend.address], ...options }) };
  }

  for (const status of [401, 407] as const) {
    for (const scheme of ['NTLM', 'Negotiate', 'Basic realm="x", negotiate', 'ntlm']) {
      it(`with ${status} and "${scheme}" never answers another client as the one that has logged in`, async () => {
        const { proxy } = await start(new LoginServer(scheme, status));
        const alice = await connect(proxy.port);
        await logIn(alice, 'alice');
        const bob = await connect(proxy.port);
        for (let i = 0; i < 3; i++) {
          expect((await ask(bob)).status).to.equal(status);
          expect((await ask(alice)).body).to.equal('for alice');
        }
        await logIn(bob, 'bob');
        expect((await ask(alice)).body).to.equal('for alice');
        expect((await ask(bob)).body).to.equal('for bob');
      });
    }
  }

  it('answers many clients at once, each as who it is', async () => {
    const { proxy } = await start(new LoginServer());
    const names = Array.from({ length: 12 }, (_, index) => `user${index}`);
    const clients = await Promise.all(names.map(() => connect(proxy.port)));
    await Promise.all(clients.map((client, index) => logIn(client, names[index] ?? '')));
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(clients.map((client) => ask(client)));
      expect(answers.map(({ body }) => body)).to.deep.equal(names.map((name) => `for ${name}`));
    }
  });

  it('sees the round trips of a login on one connection, although other clients ask between them', async () => {
    const { proxy } = await start(new LoginServer());
    const alice = await connect(proxy.port);
    const others = await Promise.all([1, 2, 3].map(() => connect(proxy.port)));
    const askOthers = () => Promise.all(others.map((other) => ask(other)));
    await askOthers();
    await ask(alice);
    await askOthers();
    const { token } = await ask(alice, 'hello');
    await askOthers();
    expect((await ask(alice, `proof:alice:${token}`)).body).to.equal('for alice');
  });

  it('sees them on one connection of one backend, whatever the policy', async () => {
    const server = new LoginServer();
    const backends = await Promise.all([1, 2, 3].map(() => startBackend(server.serve, { keepAliveTimeout: 0 })));
    const proxy = await startProxy({ backends: backends.map(({ address }) => address) });
    const alice = await connect(proxy.port);
    await logIn(alice, 'alice');
    for (let i = 0; i < 6; i++) expect((await ask(alice)).body).to.equal('for alice');
  });

  it('sees its connection end with that of its client', async () => {
    const server = new LoginServer();
    const { backend, proxy } = await start(server);
    const alice = await connect(proxy.port);
    await logIn(alice, 'alice');
    alice.end();
    await eventually('the login is over', () => server.of.get('alice')?.destroyed === true && backend.open === 0);
    expect(proxy.idle(backend.address)).to.equal(0);
  });

  it('asks again when it has closed the connection, and lets the client log in anew', async () => {
    const server = new LoginServer();
    const { proxy } = await start(server);
    const alice = await connect(proxy.port);
    await logIn(alice, 'alice');
    server.of.get('alice')?.destroy();
    await eventually('it is noticed', () => proxy.pool.dispatch.load.connections === 0);
    expect((await ask(alice)).status).to.equal(401);
    await logIn(alice, 'alice');
  });

  it('keeps a login while its client is silent for longer than other connections are kept', async () => {
    const { proxy } = await start(new LoginServer(), { clock: 'held' });
    const alice = await connect(proxy.port);
    await logIn(alice, 'alice');
    await proxy.pass(30_000);
    expect((await ask(alice)).body).to.equal('for alice');
  });

  it('gets no requests of others behind those of a login where requests share connections', async () => {
    const { proxy } = await start(new LoginServer(), { pipelining: 8 });
    const clients = await Promise.all(['a', 'b', 'c', 'd'].map(() => connect(proxy.port)));
    await Promise.all(clients.map((client, index) => logIn(client, `user${index}`)));
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(clients.map((client) => ask(client)));
      expect(answers.map(({ body }) => body)).to.deep.equal(clients.map((_, index) => `for user${index}`));
    }
  });

  it('is never asked twice at once for a client that it has asked to log in', async () => {
    const server = new LoginServer();
    const backends = await Promise.all([1, 2].map(() => startBackend(server.serve, { keepAliveTimeout: 0 })));
    const hedging = { delay: '1ms' } as const;
    const proxy = await startProxy({ backends: backends.map(({ address }) => address), hedging, clock: 'held' });
    const alice = await connect(proxy.port);
    await ask(alice);
    const before = backends.reduce((sum, { accepted }) => sum + accepted, 0);
    await logIn(alice, 'alice');
    await proxy.pass(1_000);
    expect(backends.reduce((sum, { accepted }) => sum + accepted, 0)).to.equal(before);
  });

  it('shares the connections of everybody as long as it asks for what each request proves anew', async () => {
    const { backend, proxy } = await start(new LoginServer('Basic realm="NTLM"'));
    for (let i = 0; i < 3; i++) {
      const client = await connect(proxy.port);
      await ask(client);
      client.end();
    }
    expect(backend.accepted).to.equal(1);
  });
});
