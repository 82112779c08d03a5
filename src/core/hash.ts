/**
 * core/hash.ts: 32-bit hashes for choosing, the same in every process and after every restart. Quick and even, but
 * anybody can find collisions: nothing that must be hard to guess may rest on them.
 * Source: FNV-1a (Fowler, Noll, Vo) over the characters, then the finaliser of MurmurHash3 (Appleby), both public domain.
 */

/** How many hashes there are: each is an integer from 0 to one below. */
export const HASHES = 0x1_0000_0000;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** @returns a hash of `text`, whose characters are bytes; another `seed` gives an independent one */
export function hashText(text: string, seed = 0): number {
  let hash = FNV_OFFSET ^ seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  return mix(hash);
}

/** @returns a hash of a 32-bit integer; no two integers give the same */
export function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
