/** dashboard/model/format.ts: formats numbers and times, short enough for their columns. */

/** @returns a number as `0`, `0.4`, `12`, `1,234`, `56,789`, `123.5k`, `12.3M` */
export function count(value: number): string {
  if (value >= 9_999_500) return `${trim(value / 1_000_000)}M`;
  if (value >= 99_950) return `${trim(value / 1_000)}k`;
  return value >= 9.95 || value === 0 ? Math.round(value).toLocaleString('en-US') : trim(value);
}

/** @param share 0 to 1 @returns `0%`, `<0.1%`, `1.2%`, `34%`; only 0 itself is shown as `0%` */
export function percent(share: number): string {
  if (share === 0) return '0%';
  if (share < 0.0005) return '<0.1%';
  return share < 0.0995 ? `${trim(share * 100)}%` : `${Math.round(share * 100)}%`;
}

/** @returns a time with three digits, as `0.4 ms`, `12.3 ms`, `1.23 s`: fewer would be further off than the quantiles */
export function millis(ms: number): string {
  return ms < 999.5 ? `${threeDigits(ms)} ms` : `${threeDigits(ms / 1_000)} s`;
}

/** @returns the quantiles as `0.4 / 12 ms` or `800 ms / 1.2 s`; '' if they were not measured */
export function latencyText({ p50, p99 }: { readonly p50: number | null; readonly p99: number | null }): string {
  if (p50 === null || p99 === null) return '';
  const [half, most] = [millis(p50), millis(p99)];
  const [number, unit] = half.split(' ');
  return most.endsWith(` ${unit}`) ? `${number} / ${most}` : `${half} / ${most}`;
}

export function bytes(value: number): string {
  return `${Math.round(value / 1_048_576).toLocaleString('en-US')} MiB`;
}

/** @returns a time as `3s`, `5m`, `2h 5m`, `4d 3h` */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? pair(hours, 'h', minutes % 60, 'm') : pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** @returns `1 backend`, `2 backends` */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit} ${small}${smallUnit}`;
}

function threeDigits(value: number): string {
  return String(Number(Number(value.toPrecision(3)).toFixed(3)));
}

/** @returns the number with one decimal, or none if that is 0 */
function trim(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}
