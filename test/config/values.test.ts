import { expect } from 'chai';
import fc from 'fast-check';
import {
  backendAddress,
  duration,
  durationMs,
  durationText,
  listenAddress,
  positiveDuration,
} from '../../src/config/values.js';
import type { Milliseconds } from '../../src/core/milliseconds.js';

/** The error a person would see, or `undefined` when the value is fine. */
function complaint(schema: typeof duration | typeof listenAddress, value: unknown): string | undefined {
  return schema
    .safeParse(value)
    .error?.issues.map((issue) => issue.message)
    .join('; ');
}

describe('A time', () => {
  for (const [text, ms] of [
    ['500ms', 500],
    ['5s', 5_000],
    ['1.5s', 1_500],
    ['1m', 60_000],
    ['24h', 86_400_000],
    ['0.5ms', 1],
    ['off', 0],
    ['0', 0],
    ['0s', 0],
    ['0.0ms', 0],
  ] as const) {
    it(`${text} is ${ms} ms`, () => {
      expect(durationMs(text)).to.equal(ms);
      expect(duration.parse(text)).to.equal(ms);
    });
  }

  for (const text of [
    '',
    '5',
    '5 s',
    ' 5s',
    '-5s',
    '5d',
    '5S',
    '.5s',
    '5.s',
    '1e3s',
    '5s5s',
    's',
    'on',
    '0.1ms',
    '25h',
    '1440.1m',
  ]) {
    it(`"${text}" is none`, () => {
      expect(durationMs(text)).to.equal(undefined);
      expect(complaint(duration, text)).to.equal(`"${text}" is not a time; write 500ms, 5s or 1m, at most 24h`);
    });
  }

  for (const value of [-1, 1.5, 86_400_001, Number.NaN, true, null]) {
    it(`${value} is none either, and the same is said about it`, () => {
      expect(complaint(duration, value)).to.equal(`"${value}" is not a time; write 500ms, 5s or 1m, at most 24h`);
    });
  }

  it('given as a number is in milliseconds already', () => {
    expect(duration.parse(1_234)).to.equal(1_234);
  });

  it('has its unit in its type, so that a bare number does not compile in its place', () => {
    const parsed: Milliseconds = duration.parse('5s');
    // @ts-expect-error: 5 could be seconds.
    const bare: Milliseconds = 5;
    expect([parsed, bare]).to.deep.equal([5_000, 5]);
  });

  it('may have to be longer than 0, said once', () => {
    expect(positiveDuration.parse('1ms')).to.equal(1);
    expect(complaint(positiveDuration, 'off')).to.equal('must be longer than 0');
    expect(complaint(positiveDuration, 0)).to.equal('must be longer than 0');
    expect(complaint(positiveDuration, 'soon')).to.equal('"soon" is not a time; write 500ms, 5s or 1m, at most 24h');
  });

  it('is written so that it reads back the same', () => {
    expect([0, 1, 1_500, 2_000, 120_000, 7_200_000].map(durationText)).to.deep.equal([
      'off',
      '1ms',
      '1500ms',
      '2s',
      '2m',
      '2h',
    ]);
    fc.assert(
      fc.property(fc.nat(86_400_000), (ms) => {
        expect(durationMs(durationText(ms))).to.equal(ms);
      }),
    );
  });
});

describe('An address in a configuration', () => {
  it('is held in one spelling', () => {
    expect(backendAddress.parse('Web.Example:08080')).to.equal('web.example:8080');
    expect(backendAddress.parse('[0:0::1]:80')).to.equal('[::1]:80');
  });

  it('is named in its error', () => {
    expect(complaint(backendAddress, 'web')).to.equal('"web" has no port; write host:port');
  });

  it('may have port 0 for a listener and not for a backend', () => {
    expect(listenAddress.parse('127.0.0.1:0')).to.equal('127.0.0.1:0');
    expect(complaint(backendAddress, '127.0.0.1:0')).to.equal(
      '"127.0.0.1:0" has port "0"; a port is a number from 1 to 65535',
    );
  });
});
