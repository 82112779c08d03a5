import { expect } from 'chai';
import fc from 'fast-check';
import { EventReader, type ServerEvent } from '../../dashboard/model/sse.js';

const TEXT =
  'retry: 1000\n\n: beat\n\nid: a-1\nevent: events\ndata: [1]\n\ndata: two\r\ndata:  lines\r\n\r\nid: a-2\n\nevent: view\n\n';
const EVENTS: readonly ServerEvent[] = [
  { event: 'events', data: '[1]' },
  { event: 'message', data: 'two\n lines' },
];

describe('The reader of server-sent events', () => {
  it('finds the same events however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: TEXT.length })), (cuts) => {
        const reader = new EventReader();
        const places = [0, ...cuts.toSorted((a, b) => a - b), TEXT.length];
        const found = places.slice(1).flatMap((end, index) => reader.read(TEXT.slice(places[index], end)));
        expect(found).to.deep.equal(EVENTS);
        expect([reader.lastId, reader.retryMs]).to.deep.equal(['a-2', 1_000]);
      }),
      { seed: 7 },
    );
  });

  it('keeps what is not complete for itself', () => {
    const reader = new EventReader();
    expect(reader.read('data: half')).to.deep.equal([]);
    expect(reader.read('\n')).to.deep.equal([]);
    expect(reader.read('\n')).to.deep.equal([{ event: 'message', data: 'half' }]);
  });
});
