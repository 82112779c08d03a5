/**
 * http2/huffman.ts: the Huffman code of HPACK (RFC 7541 section 5.2). It decodes four bits at a time with one table read
 * each: a table of 16 KiB stays in the processor's first cache, where one for whole bytes would not.
 */

/**
 * Bits of the code of each byte, and at last of the end mark, from RFC 7541 appendix B. The code is canonical: codes of
 * one length are consecutive numbers in the order of the bytes, so the lengths determine it.
 */
// biome-ignore format: a table of 16 columns, one row for each first digit of a byte
const BITS = Uint8Array.of(
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
);
const END_MARK = 256;
/** The longest code in front of which nothing has to be written out first: with 7 bits left over, 30 are held. */
const SHORT_CODE = 23;

const CODES = canonicalCodes();

/** Numbers the codes: those of a length follow each other, and the next length goes on behind them. */
function canonicalCodes(): Int32Array {
  const codes = new Int32Array(BITS.length);
  const longest = Math.max(...BITS);
  let next = 0;
  for (let bits = 1; bits <= longest; bits++) {
    next *= 2;
    for (let symbol = 0; symbol < BITS.length; symbol++) if (BITS[symbol] === bits) codes[symbol] = next++;
  }
  return codes;
}

/** Bytes that `text` takes when encoded. @param text latin1 */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let at = 0; at < text.length; at++) bits += BITS[text.charCodeAt(at)] ?? 0;
  return (bits + 7) >> 3;
}

/**
 * Encodes `text` into `out` from offset `at` on. @param text latin1
 * @returns the offset behind what was written, which is {@link huffmanLength} further on
 */
export function encodeHuffman(text: string, out: Uint8Array, at: number): number {
  let end = at;
  let held = 0;
  let bits = 0;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i);
    let length = BITS[symbol] ?? 0;
    let code = CODES[symbol] ?? 0;
    if (length > SHORT_CODE) {
      // The first half on its own, so that everything stays within 32 bits.
      length -= 16;
      held = (held << length) | (code >>> 16);
      bits += length;
      for (; bits >= 8; bits -= 8) out[end++] = held >>> (bits - 8);
      code &= 0xffff;
      length = 16;
      held &= 0xff;
    }
    held = (held << length) | code;
    bits += length;
    for (; bits >= 8; bits -= 8) out[end++] = held >>> (bits - 8);
    held &= 0xff;
  }
  // The padding is the beginning of the end mark, whose bits are all 1.
  if (bits > 0) out[end++] = (held << (8 - bits)) | (0xff >> bits);
  return end;
}

/**
 * What four bits do in a state, of which there is one for each inner node of the code's tree: the next state in the low
 * byte, the byte that is complete in the next one, and flags.
 */
const STEPS = new Int32Array(256 * 16);
const SYMBOL_SHIFT = 8;
const EMITS = 1 << 16;
const FAILS = 1 << 17;
/** 1 for each state in which a text may end: fewer than eight bits are left over, and all of them are 1. */
const MAY_END = new Uint8Array(256);
buildSteps();

function buildSteps(): void {
  const tree = codeTree();
  for (let state = 0; state < 256; state++) {
    for (let nibble = 0; nibble < 16; nibble++) STEPS[state * 16 + nibble] = stepOf(tree, state, nibble);
  }
  let node = 0;
  for (let ones = 0; ones < 8; ones++) {
    MAY_END[node] = 1;
    node = tree[node * 2 + 1] ?? 0;
  }
}

/** @returns the two children of each inner node: another inner node, or `-1 - symbol` for a leaf */
function codeTree(): Int32Array {
  const tree = new Int32Array(256 * 2);
  let nodes = 1;
  for (let symbol = 0; symbol <= END_MARK; symbol++) {
    const code = CODES[symbol] ?? 0;
    let node = 0;
    for (let bit = (BITS[symbol] ?? 0) - 1; bit > 0; bit--) {
      const child = node * 2 + ((code >>> bit) & 1);
      if (tree[child] === 0) tree[child] = nodes++;
      node = tree[child] ?? 0;
    }
    tree[node * 2 + (code & 1)] = -1 - symbol;
  }
  return tree;
}

function stepOf(tree: Int32Array, state: number, nibble: number): number {
  let node = state;
  let result = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const child = tree[node * 2 + ((nibble >>> bit) & 1)] ?? 0;
    if (child >= 0) node = child;
    else if (child === -1 - END_MARK) return FAILS;
    else {
      // The shortest code has five bits, so four complete one byte at most.
      result = EMITS | ((-1 - child) << SYMBOL_SHIFT);
      node = 0;
    }
  }
  return result | node;
}

/**
 * Decodes `bytes[from, to)` into `out`, which must have room for 8/5 of them.
 * @returns how many bytes were written; -1 for an end mark within the text, or padding that is too long or not all 1
 */
export function decodeHuffman(bytes: Uint8Array, from: number, to: number, out: Uint8Array): number {
  let length = 0;
  let state = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    const first = STEPS[state * 16 + (byte >>> 4)] ?? 0;
    if ((first & EMITS) !== 0) out[length++] = first >>> SYMBOL_SHIFT;
    const second = STEPS[(first & 0xff) * 16 + (byte & 0xf)] ?? 0;
    if ((second & EMITS) !== 0) out[length++] = second >>> SYMBOL_SHIFT;
    if (((first | second) & FAILS) !== 0) return -1;
    state = second & 0xff;
  }
  return MAY_END[state] === 1 ? length : -1;
}
