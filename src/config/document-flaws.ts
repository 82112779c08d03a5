/**
 * config/document-flaws.ts: finds what YAML allows and a configuration does not: keys given twice, keys that are no
 * words, and aliases of nothing. One pass over the parsed text, in its order.
 */
import { type Document, isAlias, isMap, isNode, isPair, isScalar, visit } from 'yaml';

/** What is wrong, and at which character of the text. */
export interface Flaw {
  readonly offset: number;
  readonly clause: string;
}

export interface Examined {
  /** The first flaw; `undefined` if there is none. */
  readonly flaw: Flaw | undefined;
  /** The node that each alias stands for: the last one before it with that anchor. */
  readonly targets: ReadonlyMap<unknown, unknown>;
}

export function examine(document: Document): Examined {
  const anchors = new Map<string, unknown>();
  const targets = new Map<unknown, unknown>();
  const found: Flaw[] = [];
  visit(document, (_key, node) => {
    if (isAlias(node)) targets.set(node, anchors.get(node.source));
    else if (isNode(node) && node.anchor !== undefined) anchors.set(node.anchor, node);
    const flaw = isMap(node) ? keyFlaw(node.items) : isAlias(node) ? aliasFlaw(node, anchors) : undefined;
    if (flaw === undefined) return undefined;
    found.push(flaw);
    return visit.BREAK;
  });
  return { flaw: found[0], targets };
}

/** @returns where a node begins; `otherwise` if it is not of the text */
export function startOf(node: unknown, otherwise = 0): number {
  const range: unknown = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
  const start: unknown = Array.isArray(range) ? range[0] : undefined;
  return typeof start === 'number' ? start : otherwise;
}

function keyFlaw(items: readonly unknown[]): Flaw | undefined {
  const seen = new Set<string>();
  for (const item of items) {
    const key = isPair(item) ? item.key : undefined;
    // Keys that are mappings or lists become texts when they are read, each twice as long as the one inside it.
    if (!isScalar(key))
      return { offset: startOf(key), clause: 'a key of a mapping is one word, not a list or a mapping' };
    const name = String(key.value);
    if (seen.has(name)) return { offset: startOf(key), clause: `the key "${name}" is given twice` };
    seen.add(name);
  }
  return undefined;
}

function aliasFlaw(alias: { readonly source: string }, anchors: ReadonlyMap<string, unknown>): Flaw | undefined {
  if (anchors.has(alias.source)) return undefined;
  const clause = `the alias "*${alias.source}" has no anchor "&${alias.source}" before it`;
  return { offset: startOf(alias), clause };
}
