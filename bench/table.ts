/** bench/table.ts: lays out text in columns, for terminals and in Markdown. */

/** Lays out `rows`; the first column is left-aligned, the others right-aligned. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}

/** @returns `rows` in Markdown, under the title row that comes first; the first column is left-aligned, the others right */
export function markdownTable([title = [], ...rows]: readonly (readonly string[])[]): string {
  return [title, title.map((_, column) => (column === 0 ? '---' : '---:')), ...rows].map(markdownRow).join('\n');
}

export function markdownRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** @returns `value` with `digits` decimals, or `-` for none */
export function figure(value: number | undefined, digits: number): string {
  return value === undefined ? '-' : value.toFixed(digits);
}
