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

/** @returns the first flaw; `undefined` if there is none */
export function flawIn(document: Document): Flaw | undefined {
  const anchors = new Set<string>();
  const found: Flaw[] = [];
  visit(document, (_key, node) => {
    const flaw = isMap(node) ? keyFlaw(node.items) : isAlias(node) ? aliasFlaw(node, anchors) : undefined;
    if (isNode(node) && !isAlias(node) && node.anchor !== undefined) anchors.add(node.anchor);
    if (flaw === undefined) return undefined;
    found.push(flaw);
    return visit.BREAK;
  });
  return found[0];
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

function aliasFlaw(alias: { readonly source: string }, anchors: ReadonlySet<string>): Flaw | undefined {
  if (anchors.has(alias.source)) return undefined;
  const clause = `the alias "*${alias.source}" has no anchor "&${alias.source}" before it`;
  return { offset: startOf(alias), clause };
}
