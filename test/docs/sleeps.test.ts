/** test/docs/sleeps.test.ts: no test waits for a fixed time until something has probably happened. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

/** Files in which real time has to pass, and why. */
const REAL_TIME: Readonly<Record<string, string>> = {
  'control/hanging-workers.test.ts': 'no clock can be moved for processes that are stopped',
  'workers/peak-ewma.test.ts': 'response times are measured by the system clock',
  'workers/reports.test.ts': 'durations are measured by the system clock',
};

const SLEEPS: readonly (readonly [what: string, isIn: (source: string) => boolean])[] = [
  ['imports a sleep', (source) => /import \{[^}]*\bsetTimeout\b[^}]*\} from 'node:timers\/promises'/.test(source)],
  ['awaits a timer', (source) => /await new Promise\b[^;]*\bsetTimeout\(/.test(source)],
  [
    'sets a timer to a number of milliseconds',
    (source) => timersOf(source).some((args) => /, *[\d_]+,?\s*$/.test(args)),
  ],
];

/** @returns the arguments of each call of setTimeout, up to the parenthesis that closes it */
function timersOf(source: string): readonly string[] {
  return [...source.matchAll(/\bsetTimeout\(/g)].map(({ index, 0: { length } }) => {
    const from = index + length;
    let open = 1;
    let to = from;
    for (; open > 0 && to < source.length; to++) open += Number(source[to] === '(') - Number(source[to] === ')');
    return source.slice(from, to - 1);
  });
}

const files = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'));
const sourceOf = (file: string): string => readFileSync(join('test', file), 'utf8');

describe('The tests', () => {
  for (const [what, isIn] of SLEEPS) {
    it(`have none that ${what}: an event, eventually() or a held clock says when it may go on`, () => {
      expect(files.filter((file) => isIn(sourceOf(file)))).to.deep.equal([]);
    });
  }

  it('let real time pass only where there is a reason', () => {
    const users = files.filter((file) => /import \{[^}]*\brealTime\b/.test(sourceOf(file)));
    expect(users.sort()).to.deep.equal(Object.keys(REAL_TIME));
  });
});
