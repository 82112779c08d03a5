/**
 * commands/table.ts: formats tables as lines of text. In a pipe they are complete and plain; on a terminal that is too
 * narrow, the least important columns are left out.
 */

export interface Column {
  readonly heading: string;
  /** Alignment of the cells; `right` for numbers. */
  readonly align?: 'left' | 'right';
  /**
   * Columns with this are left out where lines are too long, that with the highest number first; the others always
   * stay.
   */
  readonly spare?: number;
  /** Returns the padded text of a cell with colour codes. */
  readonly paint?: (padded: string, text: string) => string;
}

/** What the lines are shown on. */
export interface Display {
  /** Most characters of a line. */
  readonly width: number;
  readonly colour: boolean;
}

export const PLAIN: Display = { width: Number.POSITIVE_INFINITY, colour: false };

const GAP = '  ';

/** @param rows one cell per column; control characters are removed @returns the lines, headings first */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { width, colour }: Display = PLAIN,
): readonly string[] {
  const cells = [columns.map(({ heading }) => heading), ...rows.map((row) => row.map(printable))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  const shown = fitting(columns, widths, width);
  return cells.map((row, at) =>
    shown
      .map((index) => cell(columns[index], row[index], widths[index], colour && at > 0))
      .join(GAP)
      .trimEnd(),
  );
}

/** @returns the indexes of the columns that are shown */
function fitting(columns: readonly Column[], widths: readonly number[], width: number): readonly number[] {
  const shown = columns.map((_, index) => index);
  const spareOf = (index: number): number => columns[index]?.spare ?? 0;
  const byNeed = shown.filter((index) => spareOf(index) > 0).sort((a, b) => spareOf(a) - spareOf(b));
  while (lengthOf(shown, widths) > width) {
    const last = byNeed.pop();
    if (last === undefined) break;
    shown.splice(shown.indexOf(last), 1);
  }
  return shown;
}

function lengthOf(shown: readonly number[], widths: readonly number[]): number {
  return shown.reduce((sum, index) => sum + (widths[index] ?? 0), GAP.length * (shown.length - 1));
}

function cell(column: Column | undefined, text = '', width = 0, colour = false): string {
  const padded = column?.align === 'right' ? text.padStart(width) : text.padEnd(width);
  return colour && column?.paint !== undefined ? column.paint(padded, text) : padded;
}

function printable(text: string): string {
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, '');
}
