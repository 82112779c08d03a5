import { expect } from 'chai';
import { traceIdOf, traceparentOf } from '../../src/http1/traceparent.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

describe('A traceparent', () => {
  for (const value of [
    `00-${TRACE}-${PARENT}-01`,
    `00-${TRACE}-${PARENT}-ff`,
    `cc-${TRACE}-${PARENT}-01-what-follows`,
  ]) {
    it(`names a trace: ${value}`, () => expect(traceIdOf(value)).to.equal(TRACE));
  }

  const bad = [
    ...['', '00', `00-${TRACE}-${PARENT}`, `00-${TRACE}-${PARENT}-1`, `00-${TRACE}-${PARENT}-01-x`],
    ...[`ff-${TRACE}-${PARENT}-01`, `00-${TRACE.toUpperCase()}-${PARENT}-01`, ` 00-${TRACE}-${PARENT}-01`],
    ...[`00-${'0'.repeat(32)}-${PARENT}-01`, `00-${TRACE}-${'0'.repeat(16)}-01`, `cc-${TRACE}-${PARENT}-01x`],
  ];
  for (const value of bad) {
    it(`is invalid: ${JSON.stringify(value)}`, () => expect(traceIdOf(value)).to.equal(undefined));
  }

  it('is read as it was written', () => {
    expect(traceIdOf(traceparentOf(TRACE, PARENT, true))).to.equal(TRACE);
    expect(traceparentOf(TRACE, PARENT, false)).to.equal(`00-${TRACE}-${PARENT}-00`);
  });
});
