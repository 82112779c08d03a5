/** commands/table.ts: rows of cells as lines of text, the same on a terminal and in a pipe. */

export interface Column {
  readonly heading: string;
  /** Numbers are read from the right. */
  readonly align?: 'left' | 'right';
}

/** @param rows one cell per column; what could move a terminal's cursor is left out of them */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): readonly string[] {
  const lines = [columns.map(({ heading }) => heading), ...rows.map((row) => row.map(printable))];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  return lines.map((line) =>
    columns
      .map((column, index) => cell(column, line[index], widths[index]))
      .join('  ')
      .trimEnd(),
  );
}

function cell({ align }: Column, text = '', width = 0): string {
  return align === 'right' ? text.padStart(width) : text.padEnd(width);
}

function printable(text: string): string {
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, '');
}
