import { expect } from 'chai';
import { type Args, variableOf } from '../../src/config/from-args.js';
import { configOf } from '../../src/config/load.js';
import type { Config } from '../../src/config/schema.js';
import { UsageError } from '../../src/config/usage-error.js';

const ONE = ['10.0.0.1:80'];
const config = (args: Partial<Args>, env: Record<string, string> = {}): Config =>
  configOf({ backends: ONE, ...args }, env);
const poolOf = (args: Partial<Args>, env: Record<string, string> = {}) => config(args, env).pools['default'];

describe('The configuration from a command line', () => {
  it('has every default when only a backend is named', () => {
    const { listeners, workers, admin, accept, logLevel } = config({});
    expect({ listeners, workers, admin, accept, logLevel }).to.deep.equal({
      listeners: [{ address: '0.0.0.0:8080', name: '0.0.0.0:8080' }],
      workers: 'auto',
      admin: '127.0.0.1:9901',
      accept: 'auto',
      logLevel: 'info',
    });
    expect(poolOf({})?.policy).to.equal('two-choices');
    expect(poolOf({})?.healthCheck).to.include({ interval: 5_000, type: 'tcp' });
  });

  it('lets a name stand for all of its addresses where --resolve says so', () => {
    const backends = ['app:3000', '10.0.0.1:80'];
    expect(poolOf({ backends, resolve: 'all' })?.backends.map(({ resolve }) => resolve)).to.deep.equal([
      'all',
      undefined,
    ]);
    expect(poolOf({ backends })?.backends.map(({ resolve }) => resolve)).to.deep.equal([undefined, undefined]);
    expect(() => poolOf({ backends, resolve: 'any' })).to.throw(UsageError, '--resolve: "any" is neither one nor all');
    expect(() => config({ backends: [], resolve: 'all' })).to.throw(UsageError, 'it is about backends given with it');
  });

  it('reads backends from one list, from several arguments, with weights, IPv6 and names', () => {
    expect(poolOf({ backends: ['10.0.0.1:80@3, app:3000', '[::1]:81'] })?.backends).to.deep.equal([
      { address: '10.0.0.1:80', weight: 3, tier: 0, maxConnections: 0 },
      { address: 'app:3000', weight: 1, tier: 0, maxConnections: 0 },
      { address: '[::1]:81', weight: 1, tier: 0, maxConnections: 0 },
    ]);
  });

  it('reads every flag', () => {
    const read = config({
      listen: ['127.0.0.1:8001', '[::1]:8002'],
      workers: '3',
      policy: 'random',
      healthPath: '/up',
      healthInterval: '500ms',
      accept: 'shared',
      admin: 'off',
      accessLog: '/tmp/access.log',
      accessLogFormat: 'clf',
      logLevel: 'debug',
    });
    expect(read).to.deep.include({
      listeners: ['127.0.0.1:8001', '[::1]:8002'].map((address) => ({ address, name: address })),
      workers: 3,
      accept: 'shared',
      admin: 'off',
      accessLog: '/tmp/access.log',
      accessLogFormat: 'clf',
      logLevel: 'debug',
    });
    expect(read.pools['default']).to.include({ policy: 'random' });
    expect(read.pools['default']?.healthCheck).to.include({ path: '/up', interval: 500 });
  });

  it('takes a bare port: on every interface for clients, on loopback for the admin', () => {
    const { listeners, admin } = config({ listen: ['80', ':81'], admin: '82' });
    expect(listeners.map(({ address }) => address)).to.deep.equal(['0.0.0.0:80', '0.0.0.0:81']);
    expect(admin).to.equal('127.0.0.1:82');
  });

  it('may listen on port 0 twice: each time it is another port', () => {
    expect(config({ listen: ['127.0.0.1:0', '127.0.0.1:0'] }).listeners).to.have.length(2);
  });
});

describe('ROUNDHOUSE_* variables', () => {
  it('are named after the flag', () => {
    expect([variableOf('healthPath'), variableOf('backends')]).to.deep.equal([
      'ROUNDHOUSE_HEALTH_PATH',
      'ROUNDHOUSE_BACKENDS',
    ]);
  });

  it('stand in for every flag and for the backends', () => {
    const read = configOf(
      { backends: [] },
      {
        ROUNDHOUSE_BACKENDS: 'a:1,b:2',
        ROUNDHOUSE_LISTEN: '8001,8002',
        ROUNDHOUSE_WORKERS: '2',
        ROUNDHOUSE_POLICY: 'round-robin',
        ROUNDHOUSE_HEALTH_PATH: '/h',
        ROUNDHOUSE_HEALTH_INTERVAL: '2s',
        ROUNDHOUSE_ACCEPT: 'round-robin',
        ROUNDHOUSE_ADMIN: 'off',
        ROUNDHOUSE_LOG_LEVEL: 'warn',
      },
    );
    expect(read).to.deep.include({ workers: 2, accept: 'round-robin', admin: 'off', logLevel: 'warn' });
    expect(read.listeners).to.have.length(2);
    const pool = read.pools['default'];
    expect([pool?.policy, pool?.backends.length]).to.deep.equal(['round-robin', 2]);
    expect(pool?.healthCheck).to.include({ path: '/h', interval: 2_000 });
  });

  it('lose against a flag, even when they are wrong', () => {
    expect(config({ workers: '2' }, { ROUNDHOUSE_WORKERS: 'many' }).workers).to.equal(2);
  });

  it('count as absent when empty', () => {
    expect(config({}, { ROUNDHOUSE_POLICY: '', ROUNDHOUSE_BACKENDS: '' }).workers).to.equal('auto');
  });
});

describe('A wrong command line', () => {
  const wrong: readonly (readonly [string, Partial<Args>, Record<string, string>, string])[] = [
    ['no backend', { backends: [] }, {}, 'no backends given'],
    ['an empty list', { backends: [''] }, {}, 'BACKENDS: "" lists no backend'],
    ['a trailing comma', { backends: ['a:1,'] }, {}, 'BACKENDS: "a:1," has a comma without a backend next to it'],
    ['a URL', { backends: ['http://a:1'] }, {}, 'leave "http://" out and write host:port'],
    ['a missing port', { backends: ['a'] }, {}, 'BACKENDS: "a" has no port; write host:port'],
    [
      'a port too high',
      { backends: ['a:65536'] },
      {},
      '"a:65536" has port "65536"; a port is a number from 1 to 65535',
    ],
    ['port 0', { backends: ['a:0'] }, {}, '"a:0" has port "0"'],
    ['no valid host', { backends: ['256.0.0.1:80'] }, {}, 'BACKENDS: "256.0.0.1:80" has no valid host'],
    ['weight 0', { backends: ['a:1@0'] }, {}, '"a:1@0" has weight "0"; a weight is a whole number from 1 to 1000'],
    ['an empty weight', { backends: ['a:1@'] }, {}, '"a:1@" has weight ""'],
    ['a duplicate', { backends: ['app:1,APP:1'] }, {}, 'BACKENDS: backend "app:1" is listed twice'],
    [
      'no worker',
      { workers: '257' },
      {},
      '--workers: "257" is not a worker count; write auto or a number from 0 to 256',
    ],
    ['absurd workers', { workers: '100000' }, {}, '--workers: "100000" is not a worker count'],
    [
      'a misspelt policy',
      { policy: 'roundrobin' },
      {},
      '--policy: "roundrobin" is not known; did you mean round-robin?',
    ],
    [
      'an unknown policy',
      { policy: 'fastest' },
      {},
      'write two-choices, round-robin, least-connections, random, peak-ewma, source-ip or maglev',
    ],
    ['a log level', { logLevel: 'infos' }, {}, '--log-level: "infos" is not known; did you mean info?'],
    ['an accept mode', { accept: 'reuseport' }, {}, '--accept: "reuseport" is not known; did you mean reuse-port?'],
    ['the same listener twice', { listen: ['8080', ':8080'] }, {}, '--listen: "0.0.0.0:8080" is listed twice'],
    ['overlapping listeners', { listen: ['80', '127.0.0.1:80'] }, {}, '--listen: "127.0.0.1:80" overlaps "0.0.0.0:80"'],
    ['an admin on a listener', { listen: ['80'], admin: '80' }, {}, '--admin: "127.0.0.1:80" overlaps listener'],
    ['a listener on the default admin', { listen: ['9901'] }, {}, '"127.0.0.1:9901" overlaps listener "0.0.0.0:9901"'],
    ['an admin that is no address', { admin: 'of' }, {}, '--admin: "of" has no port; write host:port'],
    ['a relative path', { healthPath: 'up' }, {}, '--health-path: "up" must start with /'],
    ['an interval of 0', { healthInterval: '0' }, {}, '--health-interval: "0" must be longer than 0'],
    ['an interval without unit', { healthInterval: '5' }, {}, '--health-interval: "5" is not a time'],
    ['a variable', {}, { ROUNDHOUSE_WORKERS: 'many' }, 'ROUNDHOUSE_WORKERS: "many" is not a worker count'],
  ];
  for (const [what, args, env, sentence] of wrong) {
    it(`is refused in one line that names the value: ${what}`, () => {
      expect(() => config(args, env)).to.throw(UsageError, sentence);
      expect(() => config(args, env)).to.throw(/^[^\n]+$/);
    });
  }
});
