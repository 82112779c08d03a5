/** test/cli/few-files.test.ts: the start of the program where the system lets it open too few files to load itself. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

describe('roundhouse with too few files to load itself', () => {
  for (const files of [24, 48, 96]) {
    it(`says so in one sentence: ${files}`, async () => {
      const script = `ulimit -n ${files}; exec "$0" "$@"`;
      const args = ['-c', script, process.execPath, CLI, '-l', '127.0.0.1:0', '--admin', 'off', '127.0.0.1:1'];
      const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
        execFile('sh', args, { timeout: 10_000 }, (error, _, stderr) => resolve({ code: error?.code, stderr }));
      });
      expect(stderr).to.match(/^roundhouse: this process may open too few files; raise its limit [^\n]+\n$/);
      expect(code).to.equal(1);
    });
  }
});
