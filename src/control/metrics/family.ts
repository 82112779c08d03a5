/** control/metrics/family.ts: what a metric is: its name, its help, and where its values come from. */

export type Kind = 'counter' | 'gauge' | 'histogram' | 'summary' | 'info';

/** A count, a reading or a yes or no; `null` where there is no value yet. */
export type Value = number | boolean | null;

/** A further label with known values, each with the function that reads its sample. */
export interface By<Item> {
  readonly label: string;
  readonly of: Readonly<Record<string, (item: Item) => Value>>;
  /** Page of the documentation that explains the values. */
  readonly see?: string;
}

interface Described {
  /** Name of the metric in samples; that of a counter ends with `_total`, as Prometheus wants it. */
  readonly name: string;
  /** Help text, one sentence. */
  readonly help: string;
}

/** A metric with a sample for every `Item`, such as every pool. */
export type Family<Item> = Described &
  (
    | { readonly kind: 'counter' | 'gauge'; readonly read: (item: Item) => Value }
    | { readonly kind: 'counter' | 'gauge'; readonly by: By<Item> }
    /** Reads durations by class of core/histogram.ts, then their sum in milliseconds; `null` where there are none. */
    | { readonly kind: 'histogram' | 'summary'; readonly durations: (item: Item) => Float64Array | null }
    /** A gauge that is always 1; its labels hold the information. */
    | { readonly kind: 'info'; readonly labels: Readonly<Record<string, (item: Item) => string>> }
  );

/** @returns the names of the labels of a family, without those of its item */
export function ownLabels<Item>(family: Family<Item>): readonly string[] {
  if ('by' in family) return [family.by.label];
  if ('labels' in family) return Object.keys(family.labels);
  return family.kind === 'histogram' ? ['le'] : [];
}
