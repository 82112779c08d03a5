import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

describe('docs/deploy.md', () => {
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
