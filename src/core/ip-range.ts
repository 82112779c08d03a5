/** core/ip-range.ts: the only parser of `10.0.0.0/8`, an IP range in CIDR notation (RFC 4632 section 3.1). */
import { isIP } from 'node:net';

/**
 * @returns network and prefix length, 32 or 128 for a single address; `undefined` if `text` is no IP address or range
 */
export function splitRange(text: string): { readonly network: string; readonly prefix: number } | undefined {
  const [network = '', bits, ...rest] = text.split('/');
  const family = isIP(network);
  const longest = family === 6 ? 128 : 32;
  if (family === 0 || rest.length > 0) return undefined;
  if (bits === undefined) return { network, prefix: longest };
  return /^\d{1,3}$/.test(bits) && Number(bits) <= longest ? { network, prefix: Number(bits) } : undefined;
}
