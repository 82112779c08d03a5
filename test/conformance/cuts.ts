/**
 * test/conformance/cuts.ts: the same bytes in other pieces. How TCP cuts a request must change nothing, so a case run
 * with its bytes cut anywhere has the outcome it has in one piece.
 */
import type { Case } from './case.js';

/** Line ends, colons and white space: where a parser changes its mind. */
const TURNING_POINT = /[\r\n:; \t,]/;

/** @returns the cases in which only a client speaks, all at once, and says nothing too long to be cut often */
export function cuttable(cases: readonly Case[], mostBytes: number): readonly Case[] {
  return cases.filter(({ send, backend, alone }) => {
    const [text, ...more] = send;
    const speaksOnce = typeof text === 'string' && text.length <= mostBytes && more.length === 0;
    return speaksOnce && backend === undefined && alone !== true;
  });
}

/** @returns `test` with its bytes cut once, behind the first `at` of them */
export function cutAt(test: Case, at: number): Case {
  const text = textOf(test);
  return { ...test, id: `${test.id} cut at ${at}`, send: [text.slice(0, at), text.slice(at)] };
}

/** @returns `test` one byte at a time */
export function dripped(test: Case): Case {
  return { ...test, id: `${test.id} byte by byte`, send: [...textOf(test)] };
}

/** Every place to cut at. */
export function everyCut(test: Case): readonly number[] {
  return Array.from({ length: textOf(test).length - 1 }, (_, index) => index + 1);
}

/** @returns about `count` of them, at turning points first, spread over the whole text */
export function someCuts(test: Case, count: number): readonly number[] {
  const text = textOf(test);
  const turning = everyCut(test).filter((at) => TURNING_POINT.test(text.slice(at - 1, at + 1)));
  const step = Math.max(1, Math.floor(turning.length / count));
  return turning.filter((_, index) => index % step === 0);
}

function textOf({ send }: Case): string {
  const [text] = send;
  return typeof text === 'string' ? text : '';
}
