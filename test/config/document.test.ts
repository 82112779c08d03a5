import { expect } from 'chai';
import { ConfigDocument, type Path } from '../../src/config/document.js';

const read = (text: string): ConfigDocument => new ConfigDocument(text, 'lb.yaml');

/** `LINE:COLUMN` of what stands at `path`. */
function at(text: string, path: Path, part?: 'key' | 'value'): string {
  const { line, column } = read(text).position(path, part);
  return `${line}:${column}`;
}

const BLOCK = `# a comment
pools:
  web:
    backends:
      - address: a:1
        weight: 2
      - { address: b:1 }
`;

describe('The text of a configuration file', () => {
  it('is read as YAML', () => {
    expect(read(BLOCK).value).to.deep.equal({
      pools: { web: { backends: [{ address: 'a:1', weight: 2 }, { address: 'b:1' }] } },
    });
  });

  it('is read as JSON, indented by tabs, with Windows line ends', () => {
    const value = { $schema: './x.json', listeners: [{ address: '0.0.0.0:80' }], workers: 2 };
    expect(read(JSON.stringify(value, undefined, '\t').replaceAll('\n', '\r\n')).value).to.deep.equal(value);
  });

  it('knows on, off, yes and no as words, as YAML 1.2 does', () => {
    expect(read('a: off\nb: no').value).to.deep.equal({ a: 'off', b: 'no' });
  });

  it('may name a part once and use it again', () => {
    expect(read('a: &x {b: 1}\nc: *x').value).to.deep.equal({ a: { b: 1 }, c: { b: 1 } });
  });

  it('merges in the keys of mappings that are named by <<', () => {
    const value = read(
      'x: &x {b: 1, c: 1}\ny: &y {c: 2, d: 2}\none: {<<: *x, c: 3}\nall:\n  <<: [*x, *y]\n  e: 4',
    ).value;
    expect(value).to.deep.include({ one: { b: 1, c: 3 }, all: { b: 1, c: 1, d: 2, e: 4 } });
  });

  it('merges what was merged, and takes << in quotes for a word', () => {
    const value = read('x: &x {a: 1}\ny: &y {<<: *x, b: 2}\nz: {<<: *y}\nw: {"<<": 1}').value;
    expect(value).to.deep.include({ z: { a: 1, b: 2 }, w: { '<<': 1 } });
  });

  it('knows where a merged key is', () => {
    expect(at('x: &x\n  b: 1\nc:\n  <<: *x', ['c', 'b'])).to.equal('2:6');
  });

  for (const [what, path, part, place] of [
    ['a value', ['pools', 'web', 'backends', 0, 'weight'], 'value', '6:17'],
    ['a value in brackets', ['pools', 'web', 'backends', 1, 'address'], 'value', '7:20'],
    ['an item of a list', ['pools', 'web', 'backends', 1], 'value', '7:9'],
    ['a block, by its key', ['pools', 'web', 'backends'], 'value', '4:5'],
    ['a key', ['pools', 'web', 'backends', 0, 'weight'], 'key', '6:9'],
    ['the nearest thing around what is not there', ['pools', 'web', 'policy', 'x'], 'value', '3:3'],
    ['the whole', [], 'value', '2:1'],
  ] as const) {
    it(`knows where it has ${what}`, () => {
      expect(at(BLOCK, path, part)).to.equal(place);
    });
  }

  it('points behind an alias at what it stands for', () => {
    expect(at('a: &x\n  b: 1\nc: *x', ['c', 'b'])).to.equal('2:6');
  });
});

const DEEP = 500_000;
/** Each list holds the one before ten times: ten to the twelfth values in a few hundred bytes. */
const BOMB = Array.from({ length: 12 }, (_, i) => {
  const items = Array.from({ length: 10 }, () => (i === 0 ? 'x' : `*a${i - 1}`));
  return `a${i}: &a${i} [${items.join(', ')}]\n`;
}).join('');

describe('A text that is no configuration file', () => {
  for (const [what, text, sentence] of [
    ['nothing', '', 'lb.yaml: it is empty; a configuration needs at least "pools"'],
    ['only a comment', '# later\n', 'lb.yaml: it is empty; a configuration needs at least "pools"'],
    ['an open bracket', 'a: [1,\n  2', /^lb\.yaml:2:4: flow sequence .* must .* end with a \]$/],
    ['an open quote', "a: 'x", "lb.yaml:1:6: missing closing 'quote"],
    ['JSON with something behind it', '{"a": 1} x', /^lb\.yaml:1:10: unexpected scalar/],
    ['a tab', 'a:\n\tb: 1\n', 'lb.yaml:2:1: this line is indented by a tab; YAML allows only spaces'],
    ['a key given twice', 'a: 1\nb: 2\na: 3', 'lb.yaml:3:1: the key "a" is given twice'],
    ['two colons', 'a: b: c', 'lb.yaml:1:4: a second ": " in one line; put a value that holds it in quotes'],
    [
      'two documents',
      'a: 1\n---\nb: 2',
      'lb.yaml:2:1: a second YAML document begins here; a configuration file holds one',
    ],
    ['a tag', 'a: !secret x', 'lb.yaml:1:4: unresolved tag: !secret; a configuration has no tags'],
    ['an alias of nothing', 'a: 1\nb: *x', 'lb.yaml:2:4: the alias "*x" has no anchor "&x" before it'],
    ['an alias of itself', 'a: &x [*x]', 'lb.yaml:1:8: an anchor holds an alias of itself'],
    ['a mapping that merges itself', 'a: &x {<<: *x}', 'lb.yaml:1:7: an anchor holds an alias of itself'],
    ['aliases that multiply', BOMB, /^lb\.yaml:\d+:\d+: its aliases expand to too much data$/],
    [
      'a merge key without a mapping',
      'a: {<<: 1}',
      'lb.yaml:1:9: "<<" takes a mapping or a list of mappings, most often an alias of one',
    ],
    ['two merge keys', 'x: &x {a: 1}\nb:\n  <<: *x\n  <<: *x', 'lb.yaml:4:3: the key "<<" is given twice'],
    [
      'a large mapping that is merged 2,000 times',
      `a: &a {${Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join()}}\n${Array.from({ length: 1_999 }, (_, i) => `b${i}: {<<: *a}\n`).join('')}`,
      /^lb\.yaml:\d+:\d+: its aliases expand to too much data$/,
    ],
    [
      'an alias in an alias, 1,999 levels down',
      `a0: &a0 [x]\n${Array.from({ length: 1_999 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]\n`).join('')}`,
      /^lb\.yaml:.* it is nested too deeply to be a configuration$/,
    ],
    ['many brackets', '['.repeat(DEEP), 'lb.yaml: it is nested too deeply to be a configuration'],
    ['many lists in one line', '- '.repeat(DEEP), 'lb.yaml: it is nested too deeply to be a configuration'],
    [
      'a block in a block, very often',
      Array.from({ length: 1_400 }, (_, i) => `${' '.repeat(i)}a:\n`).join(''),
      /^lb\.yaml:.*it is nested too deeply to be a configuration$/,
    ],
    ['keys in keys', '? '.repeat(31), 'lb.yaml:1:3: a key of a mapping is one word, not a list or a mapping'],
    [
      'a list as a key',
      'a:\n  ? [1, 2]\n  : b',
      'lb.yaml:2:5: a key of a mapping is one word, not a list or a mapping',
    ],
    ['60 KB of aliases', `a: &a x\nb: [${'*a,'.repeat(20_000)}]`, 'lb.yaml: it has more than 2000 aliases'],
    [
      'aliases of nothing, behind many that have an anchor',
      `a: &a [${'x,'.repeat(20_000)}]\nb: [${'*a,'.repeat(90)}${'*b,'.repeat(1_900)}]`,
      /^lb\.yaml:2:275: the alias "\*b" has no anchor "&b" before it$/,
    ],
    [
      'a large value that is used a hundred times',
      `a: &a [${'x,'.repeat(50_000)}]\nb: [${'*a,'.repeat(99)}]`,
      /^lb\.yaml:\d+:\d+: its aliases expand to too much data$/,
    ],
    [
      'a megabyte of lists',
      `[${'[],'.repeat(340_000)}]`,
      'lb.yaml: it holds too many keys and values to be a configuration',
    ],
    ['50,000 syntax errors', '@\n'.repeat(50_000), /^lb\.yaml:1:1: /],
    [
      'a key given twice among 30,000',
      `${Array.from({ length: 30_000 }, (_, i) => `k${i}: 1\n`).join('')}k7: 2`,
      'lb.yaml:30001:1: the key "k7" is given twice',
    ],
    ['control characters', '\x1b[2J: [', /^lb\.yaml:1:\d+: [^\x00-\x1f]+$/],
  ] as const) {
    it(`is refused in one sentence: ${what}`, () => {
      expect(() => read(text))
        .to.throw(Error)
        .that.satisfies(({ name, message }: Error) => {
          expect(name).to.equal('ConfigError');
          if (typeof sentence === 'string') expect(message).to.equal(sentence);
          else expect(message).to.match(sentence);
          return true;
        });
    });
  }
});
