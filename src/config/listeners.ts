/**
 * config/listeners.ts: the part of schema.ts about listeners. Each has a name, by which reloads, workers and operators
 * identify it, even if the system chooses its port.
 */
import * as z from 'zod';
import { socketFileOf } from '../core/address.js';
import { hsts, httpsProblems, listenerTls, redirectHttps } from './listener-tls.js';
import { firstOverlap } from './overlap.js';
import { clientRange, listenAddress, positiveDuration } from './values.js';

const listenerName = z
  .string()
  .regex(/^[\x21-\x7e]{1,300}$/, { error: 'must be one word of visible ASCII characters, 300 at most' });

/** The protocols that clients may speak on a listener. */
export const LISTENER_PROTOCOLS = ['http', 'tcp'] as const;

/** The versions of HTTP that are spoken with clients, the preferred one first, by their names in ALPN. */
export const HTTP_VERSIONS = ['h2', 'http/1.1'] as const;

const SERVER_NAME = /^(?:\*\.)?(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*$/;
const serverName = z
  .string()
  .regex(SERVER_NAME, { error: 'is not a server name; write a.example.com, *.example.com or default, in lower case' });

/** Which PROXY headers a listener believes. */
const proxyProtocol = z
  .strictObject({
    from: z
      .array(clientRange)
      .min(1, { error: 'needs at least one address' })
      .describe(
        'Addresses and ranges of the proxies whose header is believed. A header from anywhere else is an error.',
      ),
    optional: z
      .boolean()
      .default(false)
      .describe('Connections of these proxies may come without a header; then the address is that of the proxy.'),
    timeout: positiveDuration.prefault('10s').describe('Time for the whole header to arrive.'),
  })
  .optional()
  .describe('Proxies that begin each connection with a PROXY header (docs/proxy-protocol.md). Off by default.');

const NOT_A_MODE = 'must be three octal digits in quotes, as in "660"';
/** Mode of a listener's socket file: its owner and its group may connect. */
export const SOCKET_FILE_MODE = '660';

const listener = z.strictObject({
  name: listenerName.optional().describe('Name of the listener in reloads and in the API; its `address` by default.'),
  address: listenAddress.describe(
    '`host:port`; host `0.0.0.0` or `[::]` means every interface. `fd@NAME` or `fd@3` is a socket that systemd ' +
      'passes, `unix:/path` a Unix domain socket.',
  ),
  mode: z
    .string({ error: ({ input }) => (input === undefined ? undefined : NOT_A_MODE) })
    .regex(/^0?[0-7]{3}$/, { error: NOT_A_MODE })
    .optional()
    .describe(`Who may connect to a socket file, as of chmod(1); \`"${SOCKET_FILE_MODE}"\` by default.`),
  protocol: z
    .enum(LISTENER_PROTOCOLS)
    .optional()
    .describe('`http`, which is the default, or `tcp` to pass each connection on as it is (docs/tcp.md).'),
  protocols: z
    .array(z.enum(HTTP_VERSIONS))
    .min(1, { error: 'needs h2, http/1.1 or both' })
    .optional()
    .describe(
      'Versions of HTTP that clients may speak, `h2` and `http/1.1`, the preferred one first; both by default. Under TLS ' +
        'they are offered by ALPN, and without TLS a client may begin with HTTP/2 unasked.',
    ),
  pool: z.string().optional().describe('The pool of a listener with `protocol: tcp`; by default the only pool.'),
  sni: z
    .record(serverName, z.string())
    .refine((names) => Object.keys(names).length > 0, { error: 'needs at least one name' })
    .optional()
    .describe(
      'With `protocol: tcp`, the pools of TLS connections by the server name that the client asks for, instead of ' +
        '`pool`: exact names, `*.` and a name for all names with one label more, and `default` for all others, which ' +
        'are closed without it. TLS is not ended here.',
    ),
  proxyProtocol,
  tls: listenerTls.optional(),
  redirectHttps: redirectHttps.optional(),
  hsts: hsts.optional(),
});

/** A listener with its settings and its name, after defaults are filled in. */
export const listenerSchema = listener.required({ name: true });
export type ListenerConfig = z.output<typeof listenerSchema>;

export const listeners = z
  .array(listener)
  .min(1, { error: 'needs at least one listener' })
  .superRefine((list, context) => {
    const clash = firstOverlap(list.map(({ address }) => address));
    if (clash === undefined) return;
    const [address, earlier] = clash;
    const message = address === earlier ? `"${address}" is listed twice` : `"${address}" overlaps "${earlier}"`;
    const index = list.findLastIndex((each) => each.address === address);
    context.addIssue({ code: 'custom', path: [index, 'address'], message });
  })
  .superRefine((list, context) => {
    for (const [index, each] of list.entries()) {
      for (const [key, message] of contradictions(each)) {
        context.addIssue({ code: 'custom', path: [index, key], message });
      }
    }
  })
  .transform(named)
  .superRefine((list, context) => {
    for (const [index, { name }] of list.entries()) {
      const earlier = list.findIndex((other) => other.name === name);
      if (earlier === index) continue;
      const message = `the name "${name}" is used by ${list[earlier]?.address} already; every listener has its own`;
      context.addIssue({ code: 'custom', path: [index, 'name'], message });
    }
  })
  .superRefine((list, context) => {
    for (const [path, message] of httpsProblems(list)) context.addIssue({ code: 'custom', path: [...path], message });
  })
  .prefault([{ address: '0.0.0.0:8080' }])
  .describe('The addresses that clients connect to.');

/** @returns the keys of a listener that do not go together, each with what is wrong */
function contradictions(given: z.output<typeof listener>): readonly (readonly [string, string])[] {
  const { address, mode, protocol, protocols, pool, sni } = given;
  if (mode !== undefined && socketFileOf(address) === undefined)
    return [['mode', `is for socket files, and "${address}" is none`]];
  if (protocol === 'tcp' && protocols !== undefined) return [['protocols', 'are versions of HTTP, not for TCP']];
  if (protocol === 'tcp')
    return pool !== undefined && sni !== undefined ? [['sni', 'cannot be combined with pool']] : [];
  const forTcp = Object.entries({ pool, sni }).filter(([, value]) => value !== undefined);
  return forTcp.map(([key]) => [key, 'needs protocol: tcp; requests over HTTP go where routes send them']);
}

/** Gives each listener without a name its address as the name; a repeated one (port 0) gets a number: `0.0.0.0:0#2`. */
function named(list: readonly z.output<typeof listener>[]): ListenerConfig[] {
  return list.map(({ name, ...settings }, index) => {
    const { address } = settings;
    const before = list.slice(0, index).filter((other) => other.name === undefined && other.address === address).length;
    return { ...settings, name: name ?? (before === 0 ? address : `${address}#${before + 1}`) };
  });
}
