/** bench/traffic.ts: the kinds of traffic the bench can send, one row each. */

export interface Traffic {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** Header fields besides `Host`, in this order. */
  readonly headers: Readonly<Record<string, string>>;
  /** Request body in bytes; 0 for none. */
  readonly requestBytes: number;
  /** Response body in bytes; `undefined` takes what `--body` says. */
  readonly responseBytes: number | undefined;
  /** Whether every request has a client connection of its own. */
  readonly newConnections: boolean;
}

const KIB = 1_024;

/** The head of a signed-in user's browser: ten fields with `Host`, and 800 bytes with the request line. */
export const BROWSER_HEADERS: Readonly<Record<string, string>> = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Accept-Language': 'en-GB,en;q=0.9,de;q=0.8',
  Cookie: `session=${'4f1c9a7e'.repeat(15)}; csrf=${'b29d'.repeat(8)}; consent=necessary%2Canalytics; _ga=GA1.1.1204827364.1718000000; theme=dark`,
  'If-None-Match': 'W/"5f2-18c9e1f0a40"',
  Referer: 'https://www.example.com/catalogue/tools?sort=price&page=37',
  'Sec-Ch-Ua': '"Chromium";v="138", "Not)A;Brand";v="8", "Google Chrome";v="138"',
  'Upgrade-Insecure-Requests': '1',
};

export const SMALL_GET: Traffic = {
  name: 'small-get',
  method: 'GET',
  headers: {},
  requestBytes: 0,
  responseBytes: undefined,
  newConnections: false,
};
export const BROWSER_GET: Traffic = { ...SMALL_GET, name: 'browser-head', headers: BROWSER_HEADERS };
export const POST_4K: Traffic = { ...SMALL_GET, name: 'post-4k', method: 'POST', requestBytes: 4 * KIB };
export const BODY_64K: Traffic = { ...SMALL_GET, name: 'body-64k', responseBytes: 64 * KIB };
export const BODY_1M: Traffic = { ...SMALL_GET, name: 'body-1m', responseBytes: KIB * KIB };
export const NEW_CONNECTION: Traffic = { ...SMALL_GET, name: 'new-connection', newConnections: true };
