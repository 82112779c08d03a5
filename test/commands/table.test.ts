import { expect } from 'chai';
import { type Column, table } from '../../src/commands/table.js';

const COLUMNS: readonly Column[] = [
  { heading: 'NAME' },
  { heading: 'LESS', align: 'right', spare: 1 },
  { heading: 'LEAST', align: 'right', spare: 2 },
  { heading: 'STATE', paint: (padded, text) => `<${text}>${padded}</>` },
];
const ROWS = [
  ['one', '1', '22', 'up'],
  ['twenty', '333', '4', 'down'],
];
const at = (width: number): readonly string[] => table(COLUMNS, ROWS, { width, colour: false });

describe('A table', () => {
  it('is whole and plain where nothing limits it', () => {
    expect(table(COLUMNS, ROWS)).to.deep.equal([
      'NAME    LESS  LEAST  STATE',
      'one        1     22  up',
      'twenty   333      4  down',
    ]);
  });

  it('leaves out what matters least where it is narrow, and never what says which and how', () => {
    expect(at(26)[0]).to.equal('NAME    LESS  LEAST  STATE');
    expect(at(25)[0]).to.equal('NAME    LESS  STATE');
    expect(at(18)[0]).to.equal('NAME    STATE');
    expect(at(5)).to.deep.equal(['NAME    STATE', 'one     up', 'twenty  down']);
  });

  it('colours cells, not the heading, where there are colours', () => {
    expect(table(COLUMNS, ROWS, { width: 20, colour: true })).to.deep.equal([
      'NAME    LESS  STATE',
      'one        1  <up>up   </>',
      'twenty   333  <down>down </>',
    ]);
  });
});
