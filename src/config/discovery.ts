/** config/discovery.ts: the part of the configuration that says how names become backends, a part of schema.ts. */
import { isIP } from 'node:net';
import * as z from 'zod';
import { formatAddress, parseAddress } from '../core/address.js';
import { positiveDuration } from './values.js';

const serviceName = z.string().transform((text, context) => {
  const parsed = parseAddress(`${text}:1`, 1);
  if (typeof parsed !== 'string' && isIP(parsed.host) === 0) return parsed.host;
  const message = `"${text}" is no name of a service; write one like _http._tcp.example.com`;
  context.issues.push({ code: 'custom', input: text, message });
  return z.NEVER;
});

const service = z.strictObject({
  name: serviceName.describe('The name whose SRV records are asked for.'),
  tier: z.int().min(0).max(9).default(0).describe('Tier of the records with the lowest priority number.'),
  maxConnections: z.int().min(0).max(1_000_000).default(0).describe('As for a backend, for each that it names.'),
});
export type ServiceConfig = z.output<typeof service>;

export const services = z
  .array(service)
  .default([])
  .describe('Names that stand for several backends each (SRV records); see docs/health.md.');

/** How a name server is reached: `10.0.0.53`, `10.0.0.53:5353`. Held with its port. */
const nameServer = z
  .string()
  .transform((text, context) => {
    const parsed = parseAddress(isIP(text) === 0 ? text : formatAddress({ host: text, port: 53 }), 1);
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
      .describe('Name servers to ask; unless given those of this host, with its search domains.'),
    shortest: positiveDuration.prefault('5s').describe('An answer is kept for so long, however short its TTL.'),
    longest: positiveDuration.prefault('5m').describe('It is asked for again after this, however long its TTL.'),
  })
  .prefault({})
  .describe("How backends' names are resolved. The hosts file comes first; a name that fails keeps its last address.");
