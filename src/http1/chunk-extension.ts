/**
 * http1/chunk-extension.ts: a state machine that checks the syntax of chunk extensions (RFC 9112 section 7.1.1). Their
 * content is ignored, but where they end must be the same to every parser on the way, so they have to match the
 * grammar; white space around `;` and `=`, which only bad senders use, is refused.
 */
import { CR, SEMICOLON, TOKEN, VALUE } from './characters.js';

const QUOTE = 0x22;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** The part of `;name=value` or `;name="value"` that the next byte belongs to; `end`: the CR was read, LF follows. */
export type ExtensionState = 'first' | 'name' | 'equals' | 'value' | 'quoted' | 'escaped' | 'closed' | 'end';

/** @returns the state after `byte`; `undefined` if the grammar does not allow `byte` here */
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
