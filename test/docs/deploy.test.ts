import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parse } from 'yaml';
import * as z from 'zod';
import { endPrograms, start } from '../cli/run-cli.js';

const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.literal(9901) }) });
const podSchema = z.object({
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })),
  readinessProbe: probe,
  livenessProbe: probe,
});

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

describe('docs/deploy.md', () => {
  afterEach(endPrograms);

  it('has Kubernetes ask what is answered without the token', async () => {
    const [, example = ''] = /```yaml\n(env:.*?)```/s.exec(readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8')) ?? [];
    const pod = podSchema.parse(parse(example));
    const [variable] = pod.env;
    const environment = {
      [variable?.name ?? '']: variable?.value?.replace(/:\d+$/, ':0'),
      [pod.env[1]?.name ?? '']: 'a-token-of-some-length',
    };
    const program = start('src/cli.js', ['127.0.0.1:9', '-l', '127.0.0.1:0', '-w', '1'], environment);
    const { admin } = JSON.parse(await program.line('stderr', (line) => line.includes('"listening"')));
    const url = `http://127.0.0.1:${admin.split(':').at(-1)}`;
    const ask = async (path: string): Promise<string> => {
      const response = await fetch(url + path);
      return `${response.status} ${(await response.text()).trim()}`;
    };
    expect(await ask(pod.livenessProbe.httpGet.path)).to.equal('200 ok');
    expect(await ask(pod.readinessProbe.httpGet.path)).to.match(/^503 .*default/);
    expect(await ask('/api')).to.match(/^401 /);
  });

  it('explains what the program really says', () => {
    const sources = ['src', 'workers'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(ROOT, folder, file)),
    );
    const code = sources.filter((file) => file.endsWith('.ts'));
    const said = code.map((file) => readFileSync(file, 'utf8')).join('\n');
    const [, table = ''] = readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8').split('| it says |');
    const quoted = [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, message = '']) => message);
    expect(quoted).to.have.length.above(20);
    // An answer begins with its status, which is told by the code and not by a text.
    const parts = quoted.flatMap((message) => message.replace(/^\d{3} /, '').split('…'));
    const unknown = parts.map((part) => part.replace(/^: |: $/g, '').trim()).filter((part) => !said.includes(part));
    expect(unknown).to.deep.equal([]);
  });
});
