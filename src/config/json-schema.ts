/**
 * config/json-schema.ts: the configuration as JSON Schema (draft 2020-12), made from the zod schema: for editors, for
 * the reference page, and for this program itself to know what may stand where in a file.
 */
import * as z from 'zod';
import type { Path } from './document.js';
import { configSchema } from './schema.js';

export type JsonSchema = z.core.JSONSchema.JSONSchema;

/** What a file may say for the kinds of value that are texts to a person and something else to the program. */
const DEFINITIONS: Readonly<Record<string, JsonSchema>> = {
  time: {
    description: 'A time: `500ms`, `5s`, `1m` or `1h`, at most 24h; `0` or `off` switches it off.',
    anyOf: [{ type: 'string', pattern: '^(off|0|\\d+(\\.\\d+)?(ms|s|m|h))$' }, { const: 0 }],
  },
  positiveTime: {
    description: 'A time that cannot be switched off: `500ms`, `5s`, `1m` or `1h`, at most 24h.',
    type: 'string',
    pattern: '^(?=.*[1-9])\\d+(\\.\\d+)?(ms|s|m|h)$',
  },
  hedgeDelay: {
    description: 'A share of the recent requests, `p50`, `p75`, `p90`, `p95` or `p99`, or a time, as in `50ms`.',
    type: 'string',
    pattern: '^(p(50|75|90|95|99)|(?=.*[1-9])\\d+(\\.\\d+)?(ms|s|m|h))$',
  },
  listenAddress: {
    description:
      'An address to listen on: `host:port`, an IPv6 host in brackets; port 0 lets the system choose. Or a socket that ' +
      'systemd has passed on: `fd@NAME`, `fd@3`.',
    type: 'string',
    pattern: '^(.+:\\d{1,5}|fd@[^:]+)$',
  },
  adminAddress: {
    description: 'An address to listen on: `host:port`, or `unix:/path` for a socket file.',
    type: 'string',
    pattern: '^(unix:/.+|.+:\\d{1,5})$',
  },
  backendAddress: {
    description: 'An address to connect to: `host:port`, an IPv6 host in brackets; the host may be a name.',
    type: 'string',
    pattern: '^.+:\\d{1,5}$',
  },
  statusRange: {
    description: 'A status from 200 to 599, or a range of them: `204`, `200-399`.',
    anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^[2-5]\\d\\d(-[2-5]\\d\\d)?$' }],
  },
  nameServer: {
    description: 'A name server: `10.0.0.53`, `10.0.0.53:5353`, `fd00::53`, `[fd00::53]:5353`.',
    type: 'string',
  },
  routeHost: {
    description: 'A host without a port: `shop.example`, `*.shop.example` for all below it, `10.0.0.1`, `::1`.',
    type: 'string',
  },
  ipRange: {
    description: 'An IP address or a range of them: `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`.',
    type: 'string',
    pattern: '^[0-9A-Fa-f.:]+(/\\d{1,3})?$',
  },
};

let made: JsonSchema | undefined;

/** The schema of a configuration file, with a description and default for each key. */
export function configJsonSchema(): JsonSchema {
  made ??= withSchemaKey(
    z.toJSONSchema(configSchema, { io: 'input', override: ({ jsonSchema }) => rewriteDefinitions(jsonSchema) }),
  );
  return made;
}

/** A place in the schema. */
export interface SchemaNode {
  readonly schema: JsonSchema;
  /** The definition that it refers to. */
  readonly definition: string | undefined;
}

/** @returns what may stand at `path`; `undefined` where nothing may */
export function nodeAt(path: Path): SchemaNode | undefined {
  return path.reduce<SchemaNode | undefined>((node, step) => node && childOf(node, step), nodeOf(configJsonSchema()));
}

export function nodeOf(raw: JsonSchema): SchemaNode {
  const definition = raw.$ref?.replace('#/$defs/', '');
  const defined = definition === undefined ? undefined : configJsonSchema().$defs?.[definition];
  return { schema: { ...defined, ...raw }, definition };
}

/** Whether a text stands there that the program holds as milliseconds. */
export function isTime(node: SchemaNode | undefined): boolean {
  return ['time', 'positiveTime', 'hedgeDelay'].includes(node?.definition ?? '');
}

/** The keys that are known at a place, in the order of the schema. */
export function knownKeys({ schema }: SchemaNode): readonly string[] {
  return Object.keys(schema.properties ?? {});
}

/** @returns a copy of `value` in which each scalar is what `change` makes of it, told what may stand there */
export function mapScalars(
  value: unknown,
  change: (scalar: unknown, node: SchemaNode | undefined) => unknown,
  node: SchemaNode | undefined = nodeOf(configJsonSchema()),
): unknown {
  if (typeof value !== 'object' || value === null) return change(value, node);
  const mapped = (inner: unknown, step: PropertyKey): unknown => mapScalars(inner, change, node && childOf(node, step));
  if (Array.isArray(value)) return value.map(mapped);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapped(inner, key)]));
}

function childOf({ schema }: SchemaNode, step: PropertyKey): SchemaNode | undefined {
  const { items, properties = {}, additionalProperties } = schema;
  const own = Object.hasOwn(properties, step) ? properties[String(step)] : undefined;
  const child = own ?? (typeof step === 'number' && !Array.isArray(items) ? items : additionalProperties);
  return typeof child === 'object' ? nodeOf(child) : undefined;
}

/** Puts what a person may write in the place of what the program makes of it. */
export function rewriteDefinitions(schema: JsonSchema): void {
  const definition = DEFINITIONS[schema.id ?? ''];
  if (definition !== undefined) {
    delete schema.anyOf;
    delete schema.$ref;
    Object.assign(schema, definition);
  }
  // What zod says of a number without an upper bound tells a reader nothing.
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
}

/** A file may name its own schema, for editors; the program has no use for it. */
function withSchemaKey(schema: JsonSchema): JsonSchema {
  const $schema = { type: 'string', description: 'Where this schema is, for editors.' } as const;
  return { ...schema, title: 'Roundhouse configuration', properties: { $schema, ...schema.properties } };
}
