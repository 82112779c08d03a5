import { expect } from 'chai';
import { endPrograms, type Started, start } from '../cli/run-cli.js';

const ADDRESS = /^127\.0\.0\.1:\d+ /;

async function startServers(count: number): Promise<{ readonly program: Started; readonly addresses: string[] }> {
  const program = start('bench/servers.js', [String(count), '--port', '0']);
  const addresses: string[] = [];
  while (addresses.length < count) {
    const line = await program.line('stdout', (text) => ADDRESS.test(text));
    addresses.push(line.split(' ')[0] ?? '');
  }
  return { program, addresses };
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('npm run servers', () => {
  afterEach(endPrograms);

  it('starts servers that name themselves, each a process of its own, and ends them all on SIGINT', async () => {
    const { program, addresses } = await startServers(2);
    const pids = new Set<number>();
    for (const [index, address] of addresses.entries()) {
      const response = await fetch(`http://${address}/some/path`);
      expect(response.headers.get('x-backend')).to.equal(`backend-${index + 1}`);
      const pid = Number(response.headers.get('x-backend-pid'));
      pids.add(pid);
      expect(await response.json()).to.deep.equal({
        backend: `backend-${index + 1}`,
        address,
        pid,
        method: 'GET',
        url: '/some/path',
      });
    }
    expect(pids).to.have.property('size', 2);
    const command = await program.line('stdout', (text) => text.includes('npm start'));
    expect(command.trim()).to.equal(`npm start -- ${addresses.join()}`);
    program.signal('SIGINT');
    expect((await program.finished).code).to.equal(0);
    expect([...pids].filter(isAlive)).to.deep.equal([]);
  });

  it('lets one be killed, keeps the others and says how to start it again', async () => {
    const { program, addresses } = await startServers(2);
    const victim = await fetch(`http://${addresses[0]}/`);
    process.kill(Number(victim.headers.get('x-backend-pid')), 'SIGKILL');
    const line = await program.line('stdout', (text) => text.includes('ended'));
    const port = addresses[0]?.split(':')[1];
    expect(line).to.match(
      new RegExp(`^backend-1 ended \\(SIGKILL\\).*cli\\.js sample-backend ${port} --id backend-1$`),
    );
    expect((await fetch(`http://${addresses[1]}/health`)).status).to.equal(200);
  });

  it('leaves no server behind when it is killed itself', async () => {
    const { program, addresses } = await startServers(1);
    const hanging = fetch(`http://${addresses[0]}/slow?ms=600000`).then(
      () => 'answered',
      () => 'broken off',
    );
    await fetch(`http://${addresses[0]}/health`);
    program.signal('SIGKILL');
    // The server's own end breaks the request off.
    expect(await hanging).to.equal('broken off');
  });

  it('refuses in one line what it cannot do', async () => {
    const { code, stderr } = await start('bench/servers.js', ['many']).finished;
    expect(stderr).to.equal('servers: COUNT: "many" is not a whole number from 1 to 64\n');
    expect(code).to.equal(2);
  });

  it('names a port that is taken and leaves none of the others running', async () => {
    const { addresses } = await startServers(1);
    const first = Number(addresses[0]?.split(':')[1]) - 1;
    const { code, stderr } = await start('bench/servers.js', ['2', '--port', String(first)]).finished;
    // The port below may be taken as well, by anybody.
    expect(stderr).to.match(/^servers: Cannot listen on 127\.0\.0\.1:\d+: the address is already in use\n$/);
    expect([`:${first}:`, `:${first + 1}:`].some((port) => stderr.includes(port))).to.equal(true);
    expect(code).to.equal(1);
  });
});

describe('A test server', () => {
  let base = '';
  before(async () => {
    const { addresses } = await startServers(1);
    base = `http://${addresses[0]}`;
  });
  after(endPrograms);

  it('answers with the status that was asked for', async () => {
    expect((await fetch(`${base}/status/503`)).status).to.equal(503);
    expect((await fetch(`${base}/status/204`)).status).to.equal(204);
    expect((await fetch(`${base}/status/9`)).status).to.equal(400);
  });

  it('sends as many bytes as were asked for', async () => {
    expect((await (await fetch(`${base}/bytes/200000`)).arrayBuffer()).byteLength).to.equal(200_000);
    expect((await fetch(`${base}/bytes/x`)).status).to.equal(400);
  });

  it('answers late', async () => {
    const order: string[] = [];
    const slow = fetch(`${base}/slow?ms=300`).then(({ status }) => order.push(`slow ${status}`));
    await fetch(`${base}/`).then(({ status }) => order.push(`quick ${status}`));
    await slow;
    expect(order).to.deep.equal(['quick 200', 'slow 200']);
  });

  it('echoes a body with its type', async () => {
    const response = await fetch(base, {
      method: 'POST',
      body: 'hello',
      headers: { 'content-type': 'text/x-greeting' },
    });
    expect(response.headers.get('content-type')).to.equal('text/x-greeting');
    expect(await response.text()).to.equal('hello');
  });
});
