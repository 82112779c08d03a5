/** bench/table.ts: lays out text in columns, for terminals and in Markdown. */
import { table } from '../src/commands/table.js';

/** Lays out `rows`, of which the first is the title; the first column is left-aligned, the others right-aligned. */
export function formatTable([title = [], ...rows]: readonly (readonly string[])[]): string {
  const columns = title.map((heading, column) => ({ heading, align: column === 0 ? 'left' : 'right' }) as const);
  return table(columns, rows).join('\n');
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
