/**
 * http1/chunk-extension.ts: the syntax of chunk extensions (RFC 9112 section 7.1.1), one byte at a time. Nobody needs
 * them, but a parser that skips to "the end of the line" must be sure where that is to every other parser, so they
 * are held to the grammar, and white space around `;` and `=`, which only bad senders use, is refused.
 */
import { CR, SEMICOLON, TOKEN, VALUE } from './characters.js';

const QUOTE = 0x22;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** Where in `;name=value` or `;name="value"` the next byte stands; `end`: it is the LF of the chunk's line. */
export type ExtensionState = 'first' | 'name' | 'equals' | 'value' | 'quoted' | 'escaped' | 'closed' | 'end';

/** @returns where the byte behind `byte` stands; `undefined` when no extension has `byte` here */
export function stepExtension(state: ExtensionState, byte: number): ExtensionState | undefined {
  switch (state) {
    case 'first':
      return TOKEN[byte] === 1 ? 'name' : undefined;
    case 'name':
      if (byte === EQUALS) return 'equals';
      return TOKEN[byte] === 1 ? 'name' : behind(byte);
    case 'equals':
      if (byte === QUOTE) return 'quoted';
      return TOKEN[byte] === 1 ? 'value' : undefined;
    case 'value':
      return TOKEN[byte] === 1 ? 'value' : behind(byte);
    case 'quoted':
      if (byte === QUOTE) return 'closed';
      if (byte === BACKSLASH) return 'escaped';
      return VALUE[byte] === 1 ? 'quoted' : undefined;
    case 'escaped':
      return VALUE[byte] === 1 ? 'quoted' : undefined;
    case 'closed':
      return behind(byte);
    case 'end':
      return undefined;
  }
}

function behind(byte: number): ExtensionState | undefined {
  if (byte === SEMICOLON) return 'first';
  return byte === CR ? 'end' : undefined;
}
