/** config/discovery.ts: the part of schema.ts about DNS and services (SRV records). */
import { isIP } from 'node:net';
import * as z from 'zod';
import { formatAddress, parseHostAndPort } from '../core/address.js';
import { positiveDuration } from './values.js';

const serviceName = z.string().transform((text, context) => {
  const parsed = parseHostAndPort(`${text}:1`, 1);
  if (typeof parsed !== 'string' && isIP(parsed.host) === 0) return parsed.host;
  const message = `"${text}" is not the name of a service; write one like _http._tcp.example.com`;
  context.issues.push({ code: 'custom', input: text, message });
  return z.NEVER;
});

const service = z.strictObject({
  name: serviceName.describe('The name whose SRV records are asked for.'),
  tier: z.int().min(0).max(9).default(0).describe('Tier of the records with the lowest priority number.'),
  maxConnections: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .describe('`maxConnections` of each backend that the records name.'),
});
export type ServiceConfig = z.output<typeof service>;

export const services = z
  .array(service)
  .default([])
  .describe('Names whose SRV records list backends, any number each; see docs/health.md.');

/** Address of a name server: `10.0.0.53` or `10.0.0.53:5353`. Parsed to a text with the port, 53 by default. */
const nameServer = z
  .string()
  .transform((text, context) => {
    const parsed = parseHostAndPort(isIP(text) === 0 ? text : formatAddress({ host: text, port: 53 }), 1);
    if (typeof parsed !== 'string' && isIP(parsed.host) !== 0) return formatAddress(parsed);
    const message = `"${text}" is not a name server; write an IP address, as in 10.0.0.53 or 10.0.0.53:5353`;
    context.issues.push({ code: 'custom', input: text, message });
    return z.NEVER;
  })
  .meta({ id: 'nameServer' });

export const dns = z
  .strictObject({
    servers: z
      .array(nameServer)
      .default([])
      .describe('Name servers to ask; by default those of this host, with its search domains.'),
    shortest: positiveDuration.prefault('5s').describe('An answer is used at least this long, however short its TTL.'),
    addresses: z
      .int()
      .min(1)
      .max(10_000)
      .default(100)
      .describe('Most addresses and SRV records of one name that are used; those in use already come first.'),
    longest: positiveDuration.prefault('5m').describe('An answer is used at most this long, however long its TTL.'),
  })
  .prefault({})
  .describe(
    'How names of backends are resolved. The hosts file comes first; a name that cannot be resolved keeps its last ' +
      'address.',
  );
