/**
 * test/support/metrics-text.ts: reads metrics as a scraper does, and finds what `promtool check metrics` would complain
 * about (github.com/prometheus/client_golang, prometheus/testutil/promlint) and what OpenMetrics 1.0 forbids.
 */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

interface OpenFamily extends MetricFamily {
  type: string;
  help: string;
  readonly samples: Sample[];
}

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['', '_total'],
  gauge: [''],
  info: ['_info'],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['_sum', '_count'],
};

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;

/** @throws {Error} at the first line that a scraper would not take */
export function readMetrics(text: string): readonly MetricFamily[] {
  if (!text.endsWith('\n')) throw new Error('The last line is cut off');
  const families = new Map<string, OpenFamily>();
  let current: OpenFamily | undefined;
  const lines = text.slice(0, -1).split('\n');
  for (const [index, line] of lines.entries()) {
    const [, kind = '', name = '', rest = ''] = /^# (\w+)(?: (\S+) (.*))?$/.exec(line) ?? [];
    if (kind === 'EOF') {
      if (index !== lines.length - 1) throw new Error('# EOF is not the last line');
    } else if (kind !== '') {
      if (current?.name !== name) {
        if (families.has(name)) throw new Error(`${name} comes twice`);
        current = { name, type: '', help: '', samples: [] };
        families.set(name, current);
      }
      if (kind === 'TYPE') current.type = rest;
      if (kind === 'HELP') current.help = rest;
    } else {
      const sample = sampleOf(line);
      if (current === undefined || !belongs(sample, current)) throw new Error(`No TYPE before: ${line}`);
      current.samples.push(sample);
    }
  }
  return [...families.values()];
}

function belongs({ name }: Sample, family: MetricFamily): boolean {
  return (SUFFIXES[family.type] ?? []).some((suffix) => name === family.name + suffix);
}

function sampleOf(line: string): Sample {
  const [, name, labelText = '', value = ''] = SAMPLE.exec(line) ?? [];
  if (name === undefined || Number.isNaN(Number(value.replace('Inf', 'Infinity'))))
    throw new Error(`No sample: ${line}`);
  return { name, labels: labelsOf(labelText, line), value: Number(value) };
}

function labelsOf(text: string, line: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const [, label, value = ''] = LABEL.exec(text) ?? [];
    if (label === undefined || label in labels) throw new Error(`Bad labels: ${line}`);
    labels[label] = value.replace(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped));
  }
  return labels;
}

const NOT_BASE_UNITS =
  /(^|_)(ms|us|ns|milliseconds?|microseconds?|nanoseconds?|minutes?|hours?|days?|kb|kib|mb|mib|gb|kilobytes|megabytes|bits|percent|percentage)(_|$)/;

/** @returns what is wrong, one line each */
export function lintMetrics(families: readonly MetricFamily[]): readonly string[] {
  return families.flatMap((family) => [...lintName(family), ...lintSeries(family), ...lintHistogram(family)]);
}

function* lintName({ name, type, help }: MetricFamily): Generator<string> {
  const bare = name.replace(/_total$/, '');
  if (help === '') yield `${name}: no help text`;
  if (!Object.hasOwn(SUFFIXES, type)) yield `${name}: type "${type}"`;
  if (!/^[a-z][a-z0-9_]*$/.test(name)) yield `${name}: must be snake_case without colons`;
  if (type !== 'counter' && name.endsWith('_total')) yield `${name}: only counters end with _total`;
  if (/_(bucket|count|sum)$/.test(bare)) yield `${name}: a suffix of histograms`;
  if (/(^|_)(counter|gauge|histogram|summary)(_|$)/.test(name)) yield `${name}: names its type`;
  if (NOT_BASE_UNITS.test(name)) yield `${name}: not in base units`;
}

function* lintSeries({ name, samples }: MetricFamily): Generator<string> {
  const seen = new Set<string>();
  const shapes = new Map<string, string>();
  for (const sample of samples) {
    const series = JSON.stringify([sample.name, sample.labels]);
    if (seen.has(series)) yield `${name}: twice ${series}`;
    seen.add(series);
    const shape = Object.keys(sample.labels).join();
    if ((shapes.get(sample.name) ?? shape) !== shape) yield `${name}: labels differ: ${shape}`;
    shapes.set(sample.name, shape);
  }
}

function* lintHistogram({ name, type, samples }: MetricFamily): Generator<string> {
  if (type !== 'histogram') return;
  const byItem = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    byItem.set(key, [...(byItem.get(key) ?? []), sample]);
  }
  for (const [item, all] of byItem) {
    const buckets = all.filter((sample) => sample.name === `${name}_bucket`);
    const count = all.find((sample) => sample.name === `${name}_count`)?.value;
    if (buckets.at(-1)?.labels['le'] !== '+Inf' || buckets.at(-1)?.value !== count) yield `${name}: +Inf of ${item}`;
    const bounds = buckets.map(({ labels }) => Number((labels['le'] ?? '').replace('+Inf', 'Infinity')));
    if (bounds.some((bound, at) => bound <= (bounds[at - 1] ?? 0))) yield `${name}: bounds of ${item} do not ascend`;
    if (buckets.some(({ value }, at) => value < (buckets[at - 1]?.value ?? 0))) yield `${name}: counts of ${item} fall`;
  }
}
