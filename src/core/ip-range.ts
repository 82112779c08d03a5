/** core/ip-range.ts: the one reader of `10.0.0.0/8` (RFC 4632 section 3.1). */
import { isIP } from 'node:net';

/** @returns network and prefix length, that of a single address being all its bits; `undefined` for anything else */
export function splitRange(text: string): { readonly network: string; readonly prefix: number } | undefined {
  const [network = '', bits, ...rest] = text.split('/');
  const family = isIP(network);
  const longest = family === 6 ? 128 : 32;
  if (family === 0 || rest.length > 0) return undefined;
  if (bits === undefined) return { network, prefix: longest };
  return /^\d{1,3}$/.test(bits) && Number(bits) <= longest ? { network, prefix: Number(bits) } : undefined;
}
