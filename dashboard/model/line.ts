/**
 * dashboard/model/line.ts: makes the SVG path of a series: newest sample at the right edge, gaps where samples are
 * missing.
 */
import type { Series } from './history.js';

/** The area that a series is drawn into. */
export interface Box {
  readonly width: number;
  readonly height: number;
  /** The value that the upper edge stands for. */
  readonly max: number;
}

/** @returns the attribute `d` of the line; '' with fewer than two samples */
export function linePath(series: Series, box: Box): string {
  return runsOf(series, box)
    .map((run) => `M${run.join('L')}`)
    .join('');
}

/** @returns the attribute `d` of the area below the line */
export function areaPath(series: Series, box: Box): string {
  return runsOf(series, box)
    .map((run) => `M${xOf(run[0])},${box.height}L${run.join('L')}L${xOf(run.at(-1))},${box.height}Z`)
    .join('');
}

/** @returns the x coordinate of the sample at `index` */
function xAt(index: number, { length, span }: Series, width: number): number {
  return round(((span - length + index) / (span - 1)) * width);
}

/** @returns the runs of two or more points without a gap, each point as `x,y` */
function runsOf(series: Series, { width, height, max }: Box): readonly (readonly string[])[] {
  const runs: string[][] = [[]];
  for (let i = 0; i < series.length; i += 1) {
    const value = series.at(i);
    if (Number.isNaN(value)) runs.push([]);
    else runs.at(-1)?.push(`${xAt(i, series, width)},${yOf(value, height, max)}`);
  }
  return runs.filter(({ length }) => length > 1);
}

function yOf(value: number, height: number, max: number): number {
  // Half the width of the line stays free at both edges.
  const share = max <= 0 ? 0 : Math.min(1, value / max);
  return round(height - 1 - share * (height - 2));
}

function xOf(point: string | undefined): string {
  return point?.split(',')[0] ?? '0';
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
