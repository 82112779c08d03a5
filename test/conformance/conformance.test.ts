/** The conformance suite against the built product, and its request side with the bytes cut in other places. */
import { expect } from 'chai';
import { RecordingBackend } from './backend.js';
import type { Case } from './case.js';
import { CASES, TOPICS } from './cases/index.js';
import { cutAt, cuttable, dripped, someCuts } from './cuts.js';
import type { Seen } from './judge.js';
import { Products } from './products.js';
import { describeFailure, judgeAll } from './report.js';
import { runCases } from './suite.js';

/** Ours never makes anybody wait this long; a busy machine might. */
const PATIENCE_MS = 20_000;
const MOST_BYTES = 400;
const CUTS = 6;

const CUT_BY_ID = new Map(
  cuttable(CASES, MOST_BYTES).map((test) => [
    test.id,
    [dripped(test), ...someCuts(test, CUTS).map((at) => cutAt(test, at))],
  ]),
);
const CUT = [...CUT_BY_ID.values()].flat();

describe('Conformance of the built product', () => {
  const products = new Products();
  let backend: RecordingBackend | undefined;
  let seen: ReadonlyMap<string, Seen> = new Map();

  before(async () => {
    backend = await RecordingBackend.start();
    const { port } = await products.roundhouse(backend.port);
    const target = { host: '127.0.0.1', port, patienceMs: PATIENCE_MS };
    seen = new Map([...(await runCases(CASES, target, backend)), ...(await runCases(CUT, target, backend))]);
  });

  after(async () => {
    await products.stop();
    backend?.stop();
  });

  /** Not only safe, but what is documented. */
  function expectDocumented(cases: readonly Case[]): void {
    const failed = judgeAll(cases, seen).filter(({ verdict }) => !verdict.isFirst);
    expect(failed.map(describeFailure).join('\n')).to.equal('');
  }

  for (const { name, cases } of TOPICS) {
    describe(name, () => {
      for (const test of cases) it(`${test.title} (${test.rfc}, ${test.id})`, () => expectDocumented([test]));
    });
  }

  describe('Requests in other pieces', () => {
    for (const [id, variants] of CUT_BY_ID) {
      it(`${id} has the same outcome cut at ${variants.length - 1} places and byte by byte`, () => {
        expectDocumented(variants);
      });
    }
  });
});
