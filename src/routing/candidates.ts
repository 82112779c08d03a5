/**
 * routing/candidates.ts: the routes of one host and path, which methods and fields tell apart. Few are tried one after
 * the other; many are looked up by a field that they require, so that a request costs what its own fields cost, however
 * many routes there are.
 */
import type { Steps } from '../core/steps.js';
import { findField } from '../http1/find-field.js';
import type { HeadFields } from '../http1/head-fields.js';

/** What a route requires of a request besides host and path. */
export interface Conditions {
  readonly methods: readonly string[] | undefined;
  /** The header fields that it requires; names in lower case. */
  readonly fields: readonly FieldCondition[];
}

/** A field that must be present: its name in lower case, and the value that one field of the name must have. */
export type FieldCondition = readonly [name: string, value: string | true];

export interface ConditionedRoute<R> extends Conditions {
  readonly route: R;
}

/** The part of a request that conditions are about. */
export interface ConditionedRequest {
  readonly method: string;
  readonly fields: HeadFields;
}

/** Up to this many candidates are tried one by one, which costs less than looking up the request's fields. */
const FEW = 8;
/** Routes that are compiled in one step: a millisecond or two. */
export const PER_STEP = 256;

export class Candidates<R> {
  private list: ConditionedRoute<R>[] = [];
  private index: CandidateIndex<R> | undefined;

  /** Adds a candidate behind those that have as many conditions. It counts once {@link seal} was called. */
  add(candidate: ConditionedRoute<R>): void {
    this.list.push(candidate);
  }

  get size(): number {
    return this.list.length;
  }

  /** Must be done once all candidates are there, before the first request. */
  *seal(): Steps<void> {
    this.list = mostConditionsFirst(this.list);
    if (this.list.length <= FEW) return;
    const index = new CandidateIndex<R>();
    yield* index.fill(this.list);
    this.index = index;
  }

  /** @returns the route of the first candidate that fits */
  find(request: ConditionedRequest): R | undefined {
    if (this.index !== undefined) return this.index.find(request);
    for (const candidate of this.list) if (fits(candidate, request)) return candidate.route;
    return undefined;
  }
}

export function conditionsIn({ methods, fields }: Conditions): number {
  return (methods === undefined ? 0 : 1) + fields.length;
}

/** @returns the list by number of conditions; those with as many keep their order */
function mostConditionsFirst<R>(list: readonly ConditionedRoute<R>[]): ConditionedRoute<R>[] {
  const byCount: ConditionedRoute<R>[][] = [];
  for (const each of list) {
    const alike = byCount[conditionsIn(each)] ?? [];
    alike.push(each);
    byCount[conditionsIn(each)] = alike;
  }
  return byCount.reverse().flat();
}

/** A candidate with its place in the order in which candidates are tried. */
interface Ranked<R> {
  readonly rank: number;
  readonly candidate: ConditionedRoute<R>;
}

/**
 * Candidates by one of the fields that each requires: the one that the fewest others require, so that the candidates
 * found by it are few.
 */
class CandidateIndex<R> {
  private readonly byField = new Map<string, FieldBuckets<R>>();
  private readonly withoutFields = new Bucket<R>();

  /** @param list in the order in which they are tried */
  *fill(list: readonly ConditionedRoute<R>[]): Steps<void> {
    const uses = new Map<string, number>();
    for (const [rank, { fields }] of list.entries()) {
      if (rank % PER_STEP === PER_STEP - 1) yield;
      for (const field of fields) uses.set(keyOf(field), (uses.get(keyOf(field)) ?? 0) + 1);
    }
    for (const [rank, candidate] of list.entries()) {
      if (rank % PER_STEP === PER_STEP - 1) yield;
      const rarest = rarestOf(candidate.fields, uses);
      const bucket = rarest === undefined ? this.withoutFields : this.bucketOf(rarest);
      bucket.add({ rank, candidate });
    }
  }

  find(request: ConditionedRequest): R | undefined {
    const { fields } = request;
    let best = this.withoutFields.better(undefined, request);
    for (let at = 0; at < fields.count; at++) {
      const buckets = this.byField.get(fields.text.slice(fields.nameAt(at), fields.colonAt(at)).toLowerCase());
      if (buckets === undefined) continue;
      const value = fields.text.slice(fields.valueAt(at), fields.valueEnd(at));
      best = buckets.byValue.get(value)?.better(best, request) ?? best;
      best = buckets.anyValue.better(best, request);
    }
    return best?.candidate.route;
  }

  private bucketOf([name, value]: FieldCondition): Bucket<R> {
    const buckets = this.byField.get(name) ?? { byValue: new Map<string, Bucket<R>>(), anyValue: new Bucket<R>() };
    this.byField.set(name, buckets);
    if (value === true) return buckets.anyValue;
    const bucket = buckets.byValue.get(value) ?? new Bucket<R>();
    buckets.byValue.set(value, bucket);
    return bucket;
  }
}

/** Candidates that require one field, by the value that they require. */
interface FieldBuckets<R> {
  readonly byValue: Map<string, Bucket<R>>;
  readonly anyValue: Bucket<R>;
}

/** Candidates that are looked up by the same field, or those that require none; apart by method. */
class Bucket<R> {
  private readonly anyMethod: Ranked<R>[] = [];
  private readonly byMethod = new Map<string, Ranked<R>[]>();

  /** Adds a candidate, of a higher rank than all before it. */
  add(ranked: Ranked<R>): void {
    const { methods } = ranked.candidate;
    if (methods === undefined) this.anyMethod.push(ranked);
    for (const method of methods ?? []) {
      const list = this.byMethod.get(method);
      if (list === undefined) this.byMethod.set(method, [ranked]);
      else list.push(ranked);
    }
  }

  /** @returns the first candidate that fits and is tried before `best`; `best` if there is none */
  better(best: Ranked<R> | undefined, request: ConditionedRequest): Ranked<R> | undefined {
    const ofMethod = this.byMethod.get(request.method);
    const first = ofMethod === undefined ? best : firstFitting(ofMethod, best, request);
    return firstFitting(this.anyMethod, first, request);
  }
}

function firstFitting<R>(
  list: readonly Ranked<R>[],
  best: Ranked<R> | undefined,
  request: ConditionedRequest,
): Ranked<R> | undefined {
  for (const ranked of list) {
    if (best !== undefined && ranked.rank > best.rank) return best;
    if (fits(ranked.candidate, request)) return ranked;
  }
  return best;
}

function rarestOf(fields: readonly FieldCondition[], uses: ReadonlyMap<string, number>): FieldCondition | undefined {
  let rarest: FieldCondition | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const field of fields) {
    const count = uses.get(keyOf(field)) ?? 0;
    if (count >= fewest) continue;
    rarest = field;
    fewest = count;
  }
  return rarest;
}

/** @returns a text that is the same for equal conditions; names hold no space */
function keyOf([name, value]: FieldCondition): string {
  return value === true ? name : `${name} ${value}`;
}

function fits<R>({ methods, fields }: ConditionedRoute<R>, request: ConditionedRequest): boolean {
  if (methods !== undefined && !methods.includes(request.method)) return false;
  for (const [name, value] of fields) if (!hasField(request.fields, name, value)) return false;
  return true;
}

function hasField(fields: HeadFields, name: string, value: string | true): boolean {
  for (let at = findField(fields, name); at >= 0; at = findField(fields, name, at + 1)) {
    if (value === true || fields.text.slice(fields.valueAt(at), fields.valueEnd(at)) === value) return true;
  }
  return false;
}
