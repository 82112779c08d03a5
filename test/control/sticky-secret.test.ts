import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigError } from '../../src/config/config-error.js';
import type { Config } from '../../src/config/schema.js';
import { UsageError } from '../../src/config/usage-error.js';
import { type RunningBalancer, type StartOptions, startBalancer } from '../../src/control/balancer.js';
import { StickySecretSource } from '../../src/control/sticky-secret.js';
import { until } from './balancer-under-test.js';
import { closeEverything, configOf, LogBook, onClose, startHttp } from './support.js';

const SECRET = 'correct horse battery staple';
const A = '10.0.0.1:80';

function stickyConfig(backends: readonly string[], secretFile?: string): Config {
  const sticky = secretFile === undefined ? { cookie: 'rh' } : { cookie: 'rh', secretFile };
  return configOf(backends, { workers: 2 }, { sticky });
}

describe('The secret of sticky cookies', () => {
  afterEach(closeEverything);

  async function fileWith(text: string): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'roundhouse-'));
    onClose(() => rm(directory, { recursive: true }));
    const file = join(directory, 'secret');
    await writeFile(file, text);
    return file;
  }

  const taken = (environment: Record<string, string | undefined>, config: Config): Promise<string | undefined> =>
    StickySecretSource.take(environment).read(config);

  it('is taken out of the environment, so that no child process has it', async () => {
    const environment: Record<string, string | undefined> = { ROUNDHOUSE_STICKY_SECRET: SECRET };
    expect(await taken(environment, stickyConfig([A]))).to.equal(SECRET);
    expect(environment).to.deep.equal({});
  });

  it('is read from the file that the configuration names, without the white space around it', async () => {
    const config = stickyConfig([A], await fileWith(`  ${SECRET}\n`));
    expect(await taken({}, config)).to.equal(SECRET);
    expect(await taken({ ROUNDHOUSE_STICKY_SECRET: '' }, config)).to.equal(SECRET);
    expect(await taken({ ROUNDHOUSE_STICKY_SECRET: 'the environment wins' }, config)).to.equal('the environment wins');
  });

  it('is none when neither says one, or when no pool needs one', async () => {
    expect(await taken({}, stickyConfig([A]))).to.equal(undefined);
    const environment: Record<string, string | undefined> = { ROUNDHOUSE_STICKY_SECRET: 'short' };
    expect(await taken(environment, configOf([A]))).to.equal(undefined);
    expect(environment).to.deep.equal({});
  });

  it('is refused in one sentence that does not repeat it when it could be guessed', async () => {
    const file = await fileWith('too short\n');
    for (const [environment, config, sentence] of [
      [{ ROUNDHOUSE_STICKY_SECRET: 'fifteen letters' }, stickyConfig([A]), 'ROUNDHOUSE_STICKY_SECRET: a secret has at'],
      [{}, stickyConfig([A], file), `${file}: a secret has at least 16 characters`],
    ] as const) {
      const problem = await taken({ ...environment }, config).catch((error: unknown) => error);
      expect(problem).to.be.instanceOf(UsageError).with.property('message').that.includes(sentence);
      expect(String(problem)).to.not.match(/fifteen|too short/);
    }
  });

  it('is refused when its file cannot be read', async () => {
    const problem = await taken({}, stickyConfig([A], '/nowhere/secret')).catch((error: unknown) => error);
    expect(problem).to.be.instanceOf(ConfigError);
    expect(String(problem)).to.include('/nowhere/secret: there is no such file');
  });
});

describe('A sticky balancer', () => {
  afterEach(closeEverything);

  async function start(backends: readonly string[], options: StartOptions): Promise<[RunningBalancer, LogBook]> {
    const log = new LogBook();
    const balancer = await startBalancer(stickyConfig(backends), log.logger, options);
    onClose(async () => {
      balancer.kill();
      await until(balancer, ({ workers }) => workers.length === 0);
    });
    return [balancer, log];
  }

  /** Asks over a connection of its own. */
  function ask(balancer: RunningBalancer, cookie = ''): Promise<{ readonly body: string; readonly set: string }> {
    const [host, port] = (balancer.addresses[0] ?? '').split(':');
    return new Promise((resolve, reject) => {
      const request = http.get({ host, port, agent: false, headers: { cookie } }, (response) => {
        const set = response.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
        response.setEncoding('latin1').on('data', (body: string) => resolve({ body, set }));
      });
      request.on('error', reject);
    });
  }

  const four = (): Promise<string[]> =>
    Promise.all(Array.from({ length: 4 }, (_, i) => startHttp((_request, response) => response.end(`${i}`))));

  it('keeps every client with its backend over all workers, their replacements, and a start with the same secret', async () => {
    const backends = await four();
    const [balancer, log] = await start(backends, { secrets: { stickyKey: SECRET } });
    const clients = await Promise.all(Array.from({ length: 12 }, () => ask(balancer)));
    const keeps = async (at: RunningBalancer): Promise<void> => {
      for (const { body, set } of clients) {
        const answers = await Promise.all(Array.from({ length: 4 }, () => ask(at, set)));
        for (const answer of answers) expect(answer).to.deep.equal({ body, set: '' });
      }
    };
    await keeps(balancer);
    await balancer.roll();
    await keeps(balancer);
    const [next] = await start(backends, { secrets: { stickyKey: SECRET } });
    await keeps(next);
    expect(log.all('sticky cookies end with this process: set a secret to keep them')).to.have.lengthOf(0);
  });

  it('makes up a secret when it has none, says so, and honours no cookie of an earlier start', async () => {
    const backends = await four();
    const [balancer, log] = await start(backends, {});
    await log.next('sticky cookies end with this process: set a secret to keep them');
    const { body, set } = await ask(balancer);
    expect(await ask(balancer, set)).to.deep.equal({ body, set: '' });
    const [next] = await start(backends, {});
    expect((await ask(next, set)).set)
      .to.match(/^rh=/)
      .and.not.equal(set);
  });
});
