/** bench/scenarios.ts: the kinds of traffic the bench can send, one row each. */

export interface Scenario {
  readonly name: string;
  readonly summary: string;
  readonly method: 'GET' | 'POST';
  /** Sent besides `Host`, in this order. */
  readonly headers: Readonly<Record<string, string>>;
  /** Request body in bytes; 0 for none. */
  readonly requestBytes: number;
  /** Response body in bytes; `undefined` takes what `--body` says. */
  readonly responseBytes: number | undefined;
  /** Every request comes on a client connection of its own. */
  readonly newConnections: boolean;
}

const KIB = 1_024;

/** What a desktop browser sends with a signed-in user's request, 1.1 KiB. */
export const BROWSER_HEADERS: Readonly<Record<string, string>> = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36',
  Accept:
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Accept-Language': 'en-GB,en;q=0.9,de;q=0.8',
  'Cache-Control': 'max-age=0',
  Cookie: `session=${'4f1c9a7e'.repeat(12)}; csrf=${'b29d'.repeat(8)}; consent=necessary%2Canalytics; _ga=GA1.1.1204827364.1718000000; theme=dark`,
  'If-None-Match': 'W/"5f2-18c9e1f0a40"',
  Priority: 'u=0, i',
  Referer: 'https://www.example.com/catalogue/tools?sort=price&page=3',
  'Sec-Ch-Ua': '"Chromium";v="138", "Not)A;Brand";v="8", "Google Chrome";v="138"',
  'Sec-Ch-Ua-Mobile': '?0',
  'Sec-Ch-Ua-Platform': '"Linux"',
  'Sec-Fetch-Dest': 'document',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-User': '?1',
  'Upgrade-Insecure-Requests': '1',
};

export const SMALL_GET: Scenario = {
  name: 'small-get',
  summary: 'GET, small head, keep-alive',
  method: 'GET',
  headers: {},
  requestBytes: 0,
  responseBytes: undefined,
  newConnections: false,
};

export const NEW_CONNECTION: Scenario = {
  ...SMALL_GET,
  name: 'new-connection',
  summary: 'GET, a new client connection each',
  newConnections: true,
};

export const SCENARIOS: readonly Scenario[] = [
  SMALL_GET,
  { ...SMALL_GET, name: 'browser-head', summary: "GET with a browser's head of 1.1 KiB", headers: BROWSER_HEADERS },
  { ...SMALL_GET, name: 'post-4k', summary: 'POST of 4 KiB', method: 'POST', requestBytes: 4 * KIB },
  { ...SMALL_GET, name: 'body-64k', summary: 'GET answered with 64 KiB', responseBytes: 64 * KIB },
  { ...SMALL_GET, name: 'body-1m', summary: 'GET answered with 1 MiB', responseBytes: KIB * KIB },
  NEW_CONNECTION,
];

export const DEFAULT_SCENARIO = SMALL_GET.name;
