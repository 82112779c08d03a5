/**
 * core/hash.ts: 32-bit hashes for choosing backends, the same in every process and after every restart. Fast and
 * uniform, but collisions are easy to find: not for anything that must be hard to guess.
 * Source: FNV-1a (Fowler, Noll, Vo) over the characters, then the finaliser of MurmurHash3 (Appleby), both public
 * domain.
 */

/** Number of possible hashes: each is an integer from 0 to `HASHES - 1`. */
export const HASHES = 0x1_0000_0000;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * @param text one byte a character
 * @param seed each seed gives an independent hash function
 * @returns a hash of `text`
 */
export function hashText(text: string, seed = 0): number {
  let hash = FNV_OFFSET ^ seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  return mix(hash);
}

/** @returns a hash of a 32-bit integer; a bijection, so different integers have different hashes */
export function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
