import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { expect } from 'chai';
import { adminLimits } from '../../src/config/admin.js';
import { type AdminServer, type MetricsServer, startAdmin, startMetrics } from '../../src/control/admin/server.js';
import { adminTokenOf } from '../../src/control/admin/token.js';
import { eventually } from '../support/eventually.js';
import { askAdmin } from './admin-client.js';
import { closeEverything, LogBook, onClose } from './support.js';
import { UNCHANGING, viewWith } from './views.js';

const SECRET = 'correct-horse-battery';
const TOKEN = { authorization: `Bearer ${SECRET}` };
/** Loopback addresses, each of them another peer. */
const PROBER = '127.0.0.1';
const ATTACKER = '127.0.0.66';
const CROWD = 70;
const PAGE = 'GET /dashboard/page.css HTTP/1.1\r\nHost: a\r\n\r\n';

describe('The connections to the admin interface', () => {
  let log: LogBook;
  let admin: AdminServer;

  beforeEach(() => {
    log = new LogBook();
  });
  afterEach(closeEverything);

  function parts(limits: object) {
    const source = { view: () => viewWith([]), notReady: () => [], journal: log.journal, ...UNCHANGING };
    return { address: '127.0.0.1:0', source, logger: log.logger, limits: adminLimits.parse(limits) };
  }
  async function start(limits: object = {}): Promise<AdminServer> {
    const tokens = { change: adminTokenOf('test', SECRET) };
    admin = await startAdmin({ ...parts(limits), tokens });
    onClose(() => admin.close());
    return admin;
  }

  function connect(localAddress = ATTACKER, { address }: MetricsServer = admin): net.Socket {
    const socket = net.connect({ host: '127.0.0.1', port: Number(address.split(':')[1]), localAddress });
    socket.on('error', () => {});
    onClose(() => socket.destroy());
    return socket;
  }
  /** Opens connections that say nothing, one after the other. */
  async function crowd(count: number, from = ATTACKER, server: MetricsServer = admin): Promise<readonly net.Socket[]> {
    const sockets: net.Socket[] = [];
    for (let index = 0; index < count; index += 1) {
      const socket = connect(from, server).resume();
      await once(socket, 'connect');
      sockets.push(socket);
    }
    return sockets;
  }
  async function statusOf(path: string, headers = {}, localAddress = PROBER, { address }: MetricsServer = admin) {
    const [hostname, port] = address.split(':');
    const request = http.get({ hostname, port, path, headers, localAddress, agent: false });
    const [response] = await once(request, 'response');
    response.resume();
    await once(response, 'end');
    return response.statusCode;
  }

  for (const from of [ATTACKER, PROBER]) {
    it(`leave health checks their answers when ${CROWD} others are silent, from ${from}`, async () => {
      await start();
      await crowd(CROWD, from);
      expect(await statusOf('/healthz')).to.equal(200);
      expect(await statusOf('/readyz')).to.equal(200);
      expect(await statusOf('/api', TOKEN)).to.equal(200);
      expect(admin.connections.closed('evicted')).to.be.at.least(CROWD - 16);
    });
  }

  it('are few from one address, and the oldest goes first', async () => {
    await start({ unauthenticatedPerAddress: 3 });
    const other = await crowd(1, PROBER);
    const sockets = await crowd(5);
    await Promise.all(sockets.slice(0, 2).map((socket) => gone(socket)));
    expect([...other, ...sockets.slice(2)].every((socket) => !socket.destroyed)).to.equal(true);
    expect(admin.connections.size).to.equal(4);
  });

  it('are told of once a minute when some are closed, and counted', async () => {
    await start({ unauthenticatedPerAddress: 1 });
    await crowd(5);
    await eventually(
      () => 'all but one are closed',
      () => admin.connections.closed('evicted') === 4,
    );
    expect(log.all('connections to the admin interface are closed (adminLimits)')).to.have.lengthOf(1);
  });

  it('answer nothing more when answers are asked for and not read', async () => {
    await start();
    const sockets = Array.from({ length: 60 }, () => connect().pause());
    for (const socket of sockets) socket.write(PAGE.repeat(500));
    expect(await statusOf('/healthz')).to.equal(200);
    await eventually(
      () => `the connections are closed: ${admin.connections.closed('pipelined')}`,
      () => admin.connections.closed('pipelined') + admin.connections.closed('evicted') >= 60,
    );
  });

  it('end when a request does not arrive whole, although it keeps coming', async () => {
    await start({ request: '50ms' });
    const silent = connect().resume();
    const slow = connect().resume();
    const dripping = setInterval(() => slow.write('x'), 5);
    slow.write('GET /healthz HTTP/1.1\r\nx: ');
    await Promise.all([gone(silent), gone(slow)]);
    clearInterval(dripping);
    expect(admin.connections.closed('late')).to.equal(2);
  });

  it('get the first answer and the end when the next request came before it', async () => {
    await start();
    const socket = connect();
    socket.write(PAGE + PAGE);
    let text = '';
    for await (const chunk of socket) text += chunk;
    expect(text.split('HTTP/1.1 200 OK')).to.have.lengthOf(2);
    expect(admin.connections.closed('pipelined')).to.equal(1);
  });

  it('may ask for one thing after the other', async () => {
    await start();
    const socket = connect();
    for (let index = 0; index < 3; index += 1) {
      socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
      expect(String(await once(socket, 'data'))).to.match(/^HTTP\/1\.1 200 OK[\s\S]*ok\n$/);
    }
  });

  it('end when an answer is not taken', async () => {
    const large = viewWith([]);
    const journal = log.journal;
    const view = () => ({ ...large, addresses: ['x'.repeat(20_000_000)] });
    const source = { view, notReady: () => [], journal, ...UNCHANGING };
    admin = await startAdmin({ ...parts({ response: '50ms' }), source });
    onClose(() => admin.close());
    const socket = connect().pause();
    socket.write('GET /api HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await eventually(
      () => 'the connection is closed',
      () => admin.connections.closed('unread') === 1,
    );
  });

  it('that were let in keep their places, and one that waits goes for the next', async () => {
    await start({ connectionsPerAddress: 2 });
    const watching = http.get({ ...urlOf(admin), path: '/api/stream', headers: TOKEN, agent: false });
    watching.on('error', () => {});
    await once(watching, 'response');
    const waiting = connect(PROBER);
    waiting.write(`GET /api/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${SECRET}\r\n\r\n`);
    await once(waiting, 'data');
    expect(await statusOf('/api', TOKEN)).to.equal(200);
    await gone(waiting.resume());
    expect(watching.destroyed).to.equal(false);
    watching.destroy();
  });

  it('are refused with 503 where all that were let in are at work, and health is answered', async () => {
    await start({ connections: 1 });
    const watching = http.get({ ...urlOf(admin), path: '/api/stream', headers: TOKEN, agent: false });
    watching.on('error', () => {});
    await once(watching, 'response');
    const refused = await askAdmin(admin.address, '/api', { headers: TOKEN });
    expect([refused.status, refused.headers.connection]).to.deep.equal([503, 'close']);
    expect(refused.json)
      .to.have.property('error')
      .that.matches(/too many connections .* \(adminLimits\)/);
    expect(await statusOf('/healthz')).to.equal(200);
    expect(admin.connections.closed('refused')).to.equal(1);
    watching.destroy();
  });

  it('to the address for metrics are bounded alike', async () => {
    const metrics = await startMetrics(parts({}));
    onClose(() => metrics.close());
    await crowd(CROWD, ATTACKER, metrics);
    expect(await statusOf('/healthz', {}, PROBER, metrics)).to.equal(200);
    expect(metrics.connections.size).to.be.at.most(18);
  });
});

/** `events.once` would fail for a connection that was reset. */
async function gone(socket: net.Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

function urlOf({ address }: AdminServer): { readonly hostname: string; readonly port: string } {
  const [hostname = '', port = ''] = address.split(':');
  return { hostname, port };
}
