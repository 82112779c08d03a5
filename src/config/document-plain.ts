/**
 * config/document-plain.ts: makes plain data of a parsed text, with aliases and merge keys (`<<`) resolved, and never more
 * of it than a configuration has: an alias in an alias, ten times over, is a gigabyte from a few hundred bytes.
 */
import { isAlias, isCollection, isMap, isScalar, isSeq, type Pair, type YAMLMap } from 'yaml';
import { type Flaw, startOf } from './document-flaws.js';
import { MAX_DEPTH, MAX_VALUES } from './document-limits.js';

/** What each alias of a text stands for. */
export type AliasTargets = ReadonlyMap<unknown, unknown>;

/** Why a text cannot be made plain data. */
export class PlainDataError extends Error {
  override readonly name = 'PlainDataError';
  readonly flaw: Flaw;

  constructor(flaw: Flaw) {
    super(flaw.clause);
    this.flaw = flaw;
  }
}

/** @throws {PlainDataError} if it is too much data, or a merge key has nothing to merge */
export function plainData(contents: unknown, targets: AliasTargets): unknown {
  return new PlainData(targets).of(contents);
}

/** @returns the mappings that a mapping merges in, the first beats the others, aliases resolved; and what is no mapping */
export function mergedInto(map: YAMLMap, targets: AliasTargets): readonly unknown[] {
  const value = behindAlias(map.items.find(isMerge)?.value, targets);
  return (isSeq(value) ? value.items : value === undefined ? [] : [value]).map((each) => behindAlias(each, targets));
}

export function behindAlias(node: unknown, targets: AliasTargets): unknown {
  return isAlias(node) ? targets.get(node) : node;
}

/** Whether a pair is a merge key: `<<`, unless in quotes. */
function isMerge({ key }: Pair): boolean {
  return isScalar(key) && key.value === '<<' && key.type === 'PLAIN';
}

class PlainData {
  readonly #targets: AliasTargets;
  readonly #around = new Set<unknown>();
  #values = 0;

  constructor(targets: AliasTargets) {
    this.#targets = targets;
  }

  of(given: unknown): unknown {
    this.#values += 1;
    if (this.#values > MAX_VALUES) throw excess(given, 'its aliases expand to too much data');
    const node = behindAlias(given, this.#targets);
    if (isScalar(node)) return node.value;
    if (!isCollection(node)) return null;
    if (this.#around.has(node)) throw excess(given, 'an anchor holds an alias of itself');
    if (this.#around.size > MAX_DEPTH) throw excess(given, 'it is nested too deeply to be a configuration');
    this.#around.add(node);
    const value = isMap(node) ? this.#mapping(node) : node.items.map((item) => this.of(item));
    this.#around.delete(node);
    return value;
  }

  #mapping(map: YAMLMap): unknown {
    const merged = mergedInto(map, this.#targets).toReversed();
    const entries = merged.flatMap((source) => {
      if (isMap(source)) return Object.entries(Object(this.of(source)));
      throw excess(source ?? map, '"<<" takes a mapping or a list of mappings, most often an alias of one');
    });
    const own = map.items.filter((pair) => !isMerge(pair)).map(({ key, value }) => [keyText(key), this.of(value)]);
    return Object.fromEntries([...entries, ...own]);
  }
}

export function keyText(key: unknown): string {
  return String((isScalar(key) ? key.value : key) ?? '');
}

function excess(node: unknown, clause: string): PlainDataError {
  return new PlainDataError({ offset: startOf(node), clause });
}
