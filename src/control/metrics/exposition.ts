/**
 * control/metrics/exposition.ts: writes metrics for a scraper in the Prometheus text format 0.0.4, or in OpenMetrics
 * 1.0, which is stricter about names and marks its end.
 */
import { BOUNDS_MS, CLASSES, SUM_MS } from '../../core/histogram.js';
import {
  ACME_FAMILIES,
  BACKEND_FAMILIES,
  BALANCER_FAMILIES,
  CERTIFICATE_FAMILIES,
  MAINTENANCE_FAMILIES,
  POOL_FAMILIES,
  WORKER_FAMILIES,
} from './families.js';
import type { By, Family, Value } from './family.js';
import {
  backendsIn,
  certificatesIn,
  type Labelled,
  maintainedIn,
  poolsIn,
  type Readings,
  renewalsIn,
  workersIn,
} from './readings.js';

export type Format = 'prometheus' | 'openmetrics';

export const CONTENT_TYPE: Readonly<Record<Format, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** The longest histogram bound that is exposed, in milliseconds. */
const LONGEST_SHOWN_MS = 100_000;
/**
 * Histogram bounds that are exposed: three to a decade, of the 70 that are counted, since each is a series to store.
 */
const SHOWN_STEPS: ReadonlySet<string> = new Set(['1', '2.5', '5']);
const SHOWN_BOUNDS = BOUNDS_MS.map((ms, at) => ({ ms, at })).filter(
  ({ ms }) => ms <= LONGEST_SHOWN_MS && SHOWN_STEPS.has(ms.toExponential().replace(/e.*/, '')),
);
/** The exposed bounds as text, in seconds. */
export const SHOWN_SECONDS: readonly string[] = [...SHOWN_BOUNDS.map(({ ms }) => canonical(ms / 1_000)), '+Inf'];

export function expose(readings: Readings, format: Format): string {
  const parts = [
    textOf(BALANCER_FAMILIES, [{ labels: {}, item: readings }], format),
    textOf(MAINTENANCE_FAMILIES, maintainedIn(readings), format),
    textOf(WORKER_FAMILIES, workersIn(readings), format),
    textOf(POOL_FAMILIES, poolsIn(readings), format),
    textOf(BACKEND_FAMILIES, backendsIn(readings), format),
    textOf(CERTIFICATE_FAMILIES, certificatesIn(readings), format),
    textOf(ACME_FAMILIES, renewalsIn(readings), format),
  ];
  return parts.join('') + (format === 'openmetrics' ? '# EOF\n' : '');
}

/** The text of labels is made once for an item and used for all of its metrics: there may be a thousand items. */
function textOf<Item>(families: readonly Family<Item>[], items: readonly Labelled<Item>[], format: Format): string {
  const ready = items.map(({ labels, item }) => ({ labels: labelText(labels), item }));
  return families
    .map((family) => {
      const sample = samplerOf(family);
      let text = head(family, format);
      for (const { labels, item } of ready) text += sample(labels, item);
      return text;
    })
    .join('');
}

function head<Item>({ name, kind, help }: Family<Item>, format: Format): string {
  if (format === 'prometheus') {
    const type = kind === 'info' ? 'gauge' : kind;
    return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
  }
  // OpenMetrics 1.0: the suffix belongs to the sample, not to the family.
  const family = name.replace(/_(total|info)$/, '');
  const unit = /_(seconds|bytes)$/.exec(family)?.[1];
  const unitLine = unit === undefined ? '' : `# UNIT ${family} ${unit}\n`;
  return `# TYPE ${family} ${kind}\n${unitLine}# HELP ${family} ${escapeValue(help)}\n`;
}

/** @returns a function that writes the samples of one item, given its labels as text */
function samplerOf<Item>(family: Family<Item>): (labels: string, item: Item) => string {
  const { name } = family;
  if ('read' in family) return (labels, item) => line(name, labels, family.read(item));
  if ('by' in family) return samplerBy(name, family.by);
  if ('labels' in family) {
    return (labels, item) => {
      const own = Object.entries(family.labels).map(([label, read]) => [label, read(item)] as const);
      return line(name, joined(labels, labelText(Object.fromEntries(own))), 1);
    };
  }
  const { kind, durations } = family;
  return (labels, item) => {
    const read = durations(item);
    if (read === null) return '';
    return (kind === 'histogram' ? buckets(name, labels, read) : '') + sums(name, labels, read);
  };
}

function samplerBy<Item>(name: string, { label, of }: By<Item>): (labels: string, item: Item) => string {
  const reads = Object.entries(of).map(([value, read]) => ({ own: labelText({ [label]: value }), read }));
  return (labels, item) => {
    let text = '';
    for (const { own, read } of reads) text += line(name, joined(labels, own), read(item));
    return text;
  };
}

function buckets(name: string, labels: string, durations: Float64Array): string {
  let text = '';
  let count = 0;
  let from = 0;
  for (const { ms, at } of SHOWN_BOUNDS) {
    count += sum(durations, from, at + 1);
    from = at + 1;
    text += line(`${name}_bucket`, joined(labels, `le="${canonical(ms / 1_000)}"`), count);
  }
  return text + line(`${name}_bucket`, joined(labels, 'le="+Inf"'), count + sum(durations, from, CLASSES));
}

function sums(name: string, labels: string, durations: Float64Array): string {
  const count = sum(durations, 0, CLASSES);
  return line(`${name}_sum`, labels, (durations[SUM_MS] ?? 0) / 1_000) + line(`${name}_count`, labels, count);
}

function sum(values: Float64Array, from: number, end: number): number {
  let total = 0;
  for (let at = from; at < end; at += 1) total += values[at] ?? 0;
  return total;
}

function line(name: string, labels: string, value: Value): string {
  if (value === null) return '';
  return labels === '' ? `${name} ${Number(value)}\n` : `${name}{${labels}} ${Number(value)}\n`;
}

/** @returns a bound as text. It is part of a series' name, so both formats write it as OpenMetrics demands. */
function canonical(seconds: number): string {
  return Number.isInteger(seconds) ? seconds.toFixed(1) : String(seconds);
}

function joined(labels: string, own: string): string {
  return labels === '' ? own : `${labels},${own}`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}="${escapeValue(value)}"`)
    .join();
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeValue(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
