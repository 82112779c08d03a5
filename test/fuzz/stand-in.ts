/**
 * test/fuzz/stand-in.ts: makes a request readable to llhttp where we take more than it by intent, so that the rest of
 * it is still compared. Two things: llhttp knows a list of methods, where RFC 9110 section 9.1 lets anybody define
 * one; and it knows no minor version above 1, where section 2.5 has us read it as the highest that we know.
 */
import { METHODS } from 'node:http';
import type { OwnMessage } from './own.js';

/** @returns a method of the same length that llhttp knows, so that no offset changes; `undefined` if there is none */
function methodForLlhttp(method: string): string | undefined {
  if (METHODS.includes(method)) return method;
  return METHODS.find((known) => known.length === method.length && known !== 'CONNECT');
}

/** @returns `method target` as llhttp should report it; `undefined` if it cannot read such a request at all */
export function startForLlhttp(start: string): string | undefined {
  const space = start.indexOf(' ');
  const method = methodForLlhttp(start.slice(0, space));
  return method === undefined ? undefined : method + start.slice(space);
}

/** @returns `bytes` with the first lines of `requests` changed */
export function asLlhttpKnowsIt(bytes: Buffer, requests: readonly OwnMessage[]): Buffer {
  const known = Buffer.from(bytes);
  for (const { from, start, minorVersion } of requests) {
    known.write(`${startForLlhttp(start)} HTTP/1.${minorVersion}`, from, 'latin1');
  }
  return known;
}
