/** config/overlap.ts: finds two addresses that one host cannot both listen on. */
import { parseAddress, socketFileOf } from '../core/address.js';
import { passedSocketOf } from '../core/passed-socket.js';

const EVERY_ADDRESS = new Set(['0.0.0.0', '::']);

/** @returns the first address that overlaps an earlier one, with the earlier one; `undefined` if none does */
export function firstOverlap(addresses: readonly string[]): readonly [string, string] | undefined {
  for (const [index, address] of addresses.entries()) {
    const earlier = addresses.slice(0, index).find((other) => overlaps(address, other));
    if (earlier !== undefined) return [address, earlier];
  }
  return undefined;
}

/** Whether both addresses include the same port of the same interface. Port 0 is a different port each time. */
function overlaps(a: string, b: string): boolean {
  if (passedSocketOf(a) !== undefined || socketFileOf(a) !== undefined) return a === b;
  const left = parseAddress(a, 0);
  const right = parseAddress(b, 0);
  if (typeof left === 'string' || typeof right === 'string') return false;
  if (left.port !== right.port || left.port === 0) return false;
  return left.host === right.host || EVERY_ADDRESS.has(left.host) || EVERY_ADDRESS.has(right.host);
}
