/** test/control/flood-log.test.ts: what the log says of HTTP/2 clients that were cut off. */
import { expect } from 'chai';
import { FloodLog } from '../../src/control/flood-log.js';
import { FLOOD_KINDS, type FloodKind } from '../../src/http2/flood-guard.js';

describe('The log of floods', () => {
  const counts = (part: Partial<Record<FloodKind, number>>): Float64Array =>
    Float64Array.from(FLOOD_KINDS, (kind) => part[kind] ?? 0);

  it('has a line a minute for each kind at most, with all that came since', () => {
    let nowMs = 0;
    const lines: unknown[] = [];
    const log = new FloodLog({ log: (_level, _message, fields) => void lines.push(fields) }, () => nowMs);
    for (const part of [{}, { pings: 2 }, { pings: 3, resets: 1 }, {}]) log.counted(counts(part));
    expect(lines).to.deep.equal([
      { kind: 'pings', connections: 2 },
      { kind: 'resets', connections: 1 },
    ]);
    nowMs = 60_000;
    for (let i = 0; i < 3; i++) log.counted(counts({}));
    expect(lines.slice(2)).to.deep.equal([{ kind: 'pings', connections: 3 }]);
  });
});
