import { expect } from 'chai';
import { endPrograms, runCli, start } from './run-cli.js';

const WRONG: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['no backends', [], /no backends given.*--help/],
  ['a bad port', ['127.0.0.1:99999'], /"127\.0\.0\.1:99999" has port "99999"/],
  ['an empty list', [''], /BACKENDS: "" lists no backend/],
  ['a trailing comma', ['127.0.0.1:1,'], /has a comma without a backend next to it/],
  ['a duplicate', ['127.0.0.1:1', '127.0.0.1:1'], /backend "127\.0\.0\.1:1" is listed twice/],
  ['weight 0', ['127.0.0.1:1@0'], /has weight "0"/],
  ['a URL', ['http://127.0.0.1:1'], /leave "http:\/\/" out/],
  ['an unknown flag', ['127.0.0.1:1', '--polcy', 'random'], /unknown option '--polcy'; did you mean --policy\?/],
  ['a flag without its value', ['127.0.0.1:1', '--workers'], /--workers <n>' argument missing/],
  ['an unknown policy', ['127.0.0.1:1', '-p', 'roundrobin'], /did you mean round-robin\?/],
  [
    'an unknown log level',
    ['127.0.0.1:1', '--log-level', 'inf'],
    /--log-level: "inf" is not known; did you mean info\?/,
  ],
  ['half a worker', ['127.0.0.1:1', '-w', '0.5'], /--workers: "0.5" is not a worker count/],
  ['absurd workers', ['127.0.0.1:1', '-w', '99999'], /--workers: "99999" is not a worker count/],
  ['two listeners the same', ['127.0.0.1:1', '-l', '8080', '-l', ':8080'], /"0\.0\.0\.0:8080" is listed twice/],
  ['a mistyped command', ['dmeo'], /"dmeo" is neither a command nor host:port; did you mean "roundhouse demo"\?/],
  ['too much for demo', ['demo', 'x'], /too many arguments/],
  ['no backends for demo', ['demo', '-n', '0'], /--backends: "0" is not a whole number from 1 to 20/],
];

describe('roundhouse, asked for something wrong', () => {
  afterEach(endPrograms);
  for (const [what, args, sentence] of WRONG) {
    it(`says so in one line and exits with 2: ${what}`, async () => {
      const { code, stdout, stderr } = await runCli(args);
      expect(stderr)
        .to.match(/^roundhouse: [^\n]+\n$/)
        .and.match(sentence);
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    });
  }

  it('names the variable when that is where the value came from', async () => {
    const { code, stderr } = await runCli(['127.0.0.1:1'], { ROUNDHOUSE_POLICY: 'rr' });
    expect(stderr).to.match(/^roundhouse: ROUNDHOUSE_POLICY: "rr" is not known; [^\n]+\n$/);
    expect(code).to.equal(2);
  });
});

describe('roundhouse, asked about itself', () => {
  afterEach(endPrograms);

  it('prints its version', async () => {
    const { code, stdout, stderr } = await runCli(['--version']);
    expect(stdout).to.match(/^\d+\.\d+\.\d+\n$/);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
  });

  it('prints help with every flag, its default, examples and exit codes, and nothing hidden', async () => {
    const { code, stdout, stderr } = await runCli(['--help']);
    for (const text of [
      '--listen <addr>',
      '0.0.0.0:8080',
      '--workers <n>',
      '--policy <name>',
      'two-choices',
      '--health-path <path>',
      '--health-interval <time>',
      '(5s)',
      '--accept <mode>',
      '--admin <addr>',
      '127.0.0.1:9901',
      '--log-level <level>',
      'ROUNDHOUSE_HEALTH_PATH',
      'Examples:',
      'roundhouse demo',
      'Exit codes:',
    ]) {
      expect(stdout).to.include(text);
    }
    expect(stdout).to.not.include('sample-backend');
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
  });

  it('does not mind a reader that has gone away', async () => {
    const { finished, stdout } = start('src/cli.js', ['--help']);
    stdout.destroy();
    expect(await finished).to.include({ code: 0, signal: null, stderr: '' });
  });
});
