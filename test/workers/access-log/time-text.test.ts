import { expect } from 'chai';
import fc from 'fast-check';
import { ClfTime, IsoTime, millisText, secondsText } from '../../../workers/access-log/time-text.js';

const epochMs = fc.integer({ min: 0, max: Date.UTC(2100, 0) });
const micros = fc.oneof(fc.integer({ min: 0, max: 5_000_000 }), fc.integer({ min: 0, max: 2 ** 45 }));

describe('Times as text', () => {
  it('are ISO 8601 with milliseconds, in whatever order they are asked for', () => {
    const time = new IsoTime('<', '>');
    fc.assert(
      fc.property(epochMs, fc.array(fc.integer({ min: -3, max: 1_500 })), (start, steps) => {
        for (const ms of [start, ...steps.map((step) => Math.max(start + step, 0))]) {
          expect(time.at(ms)).to.equal(`<${new Date(ms).toISOString()}>`);
        }
      }),
    );
  });

  it('are local time with its zone in the common log format', () => {
    const time = new ClfTime('[', ']');
    fc.assert(
      fc.property(epochMs, (ms) => {
        const text = time.at(ms);
        expect(text).to.match(/^\[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]$/);
        const [, day, clock, zone] = /^\[(.*?):(.*) (.*)\]$/.exec(text) ?? [];
        expect(Date.parse(`${day?.replaceAll('/', ' ')} ${clock} ${zone}`)).to.equal(ms - (ms % 1_000));
      }),
    );
  });

  it('are milliseconds and seconds to the microsecond', () => {
    fc.assert(
      fc.property(micros, (us) => {
        expect(millisText(us)).to.match(/^\d+\.\d{3}$/);
        expect(Number(millisText(us))).to.equal(Number((us / 1_000).toFixed(3)));
        expect(secondsText(us)).to.match(/^\d+\.\d{6}$/);
        expect(Number(secondsText(us))).to.equal(Number((us / 1_000_000).toFixed(6)));
      }),
    );
    expect(secondsText(-1)).to.equal('-');
  });
});
