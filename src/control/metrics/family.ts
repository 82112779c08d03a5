/** control/metrics/family.ts: what a metric is: its name, its help, and where its values come from. */

export type Kind = 'counter' | 'gauge' | 'histogram' | 'summary' | 'info';

/** How many, or whether; `null` where there is nothing to tell yet. */
export type Value = number | boolean | null;

/** One label more, whose values are known beforehand: a value of the label -> how to read the sample. */
export interface By<Item> {
  readonly label: string;
  readonly of: Readonly<Record<string, (item: Item) => Value>>;
  /** The page that lists and explains its values. */
  readonly see?: string;
}

interface Described {
  /** As it is exposed in samples: counters end with `_total`, as Prometheus wants it. */
  readonly name: string;
  /** One sentence. */
  readonly help: string;
}

/** A metric of every `Item` there is: of each pool, say. */
export type Family<Item> = Described &
  (
    | { readonly kind: 'counter' | 'gauge'; readonly read: (item: Item) => Value }
    | { readonly kind: 'counter' | 'gauge'; readonly by: By<Item> }
    /** Durations by class of core/histogram.ts, and their sum in milliseconds. */
    | { readonly kind: 'histogram' | 'summary'; readonly durations: (item: Item) => Float64Array }
    /** Always 1: what it says is in its labels. */
    | { readonly kind: 'info'; readonly labels: Readonly<Record<string, (item: Item) => string>> }
  );

/** @returns the names of its labels, beside those of its item */
export function ownLabels<Item>(family: Family<Item>): readonly string[] {
  if ('by' in family) return [family.by.label];
  if ('labels' in family) return Object.keys(family.labels);
  return family.kind === 'histogram' ? ['le'] : [];
}
