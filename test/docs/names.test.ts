/** test/docs/names.test.ts: one name, one meaning: no two files of the program declare a type of the same name. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

interface TypeDeclaration {
  readonly name: string;
  readonly file: string;
  readonly isExported: boolean;
}

const DECLARATION = /^(export )?(?:abstract )?(?:class|interface|type|enum) (\w+)\b(?! from)/gm;

function declarationsIn(folder: string): readonly TypeDeclaration[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return files.flatMap((name) => {
    const file = join(folder, name);
    const found = [...readFileSync(file, 'utf8').matchAll(DECLARATION)];
    return found.map(([, exported, type = '']) => ({ name: type, file, isExported: exported !== undefined }));
  });
}

/** @returns each exported name that another file declares as well, with the files */
function clashes(declarations: readonly TypeDeclaration[]): readonly string[] {
  const exported = new Set(declarations.filter(({ isExported }) => isExported).map(({ name }) => name));
  return [...exported].flatMap((name) => {
    const files = new Set(declarations.filter((each) => each.name === name).map(({ file }) => file));
    return files.size === 1 ? [] : [`${name}: ${[...files].join(', ')}`];
  });
}

describe('The names of types', () => {
  it('stand for one thing in the whole program', () => {
    const declarations = [...declarationsIn('src'), ...declarationsIn('workers')];
    expect(declarations.length).to.be.greaterThan(100);
    expect(clashes(declarations)).to.deep.equal([]);
  });

  it('are called a clash when another file declares an exported one, exported or not', () => {
    const shared = { name: 'Verdict', file: 'src/a.ts', isExported: true };
    expect(clashes([shared, { ...shared, isExported: false }])).to.deep.equal([]);
    expect(clashes([shared, { ...shared, file: 'workers/b.ts', isExported: false }])).to.deep.equal([
      'Verdict: src/a.ts, workers/b.ts',
    ]);
  });
});
