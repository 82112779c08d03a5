/**
 * config/json-schema.ts: the JSON Schema (draft 2020-12) of the configuration, made from the zod schema. Editors and
 * the reference page use it, and messages that say what a key may have.
 */
import * as z from 'zod';
import type { Path } from './document.js';
import { configSchema } from './schema.js';

export type JsonSchema = z.core.JSONSchema.JSONSchema;

/** Definitions of values that are parsed from texts: what a file may contain, which zod cannot derive. */
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
    description: 'A quantile of recent response times, `p50`, `p75`, `p90`, `p95` or `p99`, or a time, as in `50ms`.',
    type: 'string',
    pattern: '^(p(50|75|90|95|99)|(?=.*[1-9])\\d+(\\.\\d+)?(ms|s|m|h))$',
  },
  listenAddress: {
    description:
      'An address to listen on: `host:port`, an IPv6 host in brackets; with port 0 the system chooses. Or a socket ' +
      'file, `unix:/path`, or a socket that systemd passes: `fd@NAME`, `fd@3`.',
    type: 'string',
    pattern: '^(unix:/.+|.+:\\d{1,5}|fd@[^:]+)$',
  },
  adminAddress: {
    description: 'An address to listen on: `host:port`, or `unix:/path` for a socket file.',
    type: 'string',
    pattern: '^(unix:/.+|.+:\\d{1,5})$',
  },
  backendAddress: {
    description:
      'An address to connect to: `host:port`, an IPv6 host in brackets; the host may be a name. Or a socket file: ' +
      '`unix:/path`.',
    type: 'string',
    pattern: '^(unix:/.+|.+:\\d{1,5})$',
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
  clientRange: {
    description:
      'An IP address or a range of them: `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`; or `unix:`, all who come over a socket file.',
    type: 'string',
    pattern: '^(unix:|[0-9A-Fa-f.:]+(/\\d{1,3})?)$',
  },
};

let made: JsonSchema | undefined;

/** @returns the JSON Schema of a configuration file, with a description and default of each key */
export function configJsonSchema(): JsonSchema {
  made ??= withSchemaKey(
    z.toJSONSchema(configSchema, { io: 'input', override: ({ jsonSchema }) => rewriteDefinitions(jsonSchema) }),
  );
  return made;
}

/** A part of the schema. */
export interface SchemaNode {
  readonly schema: JsonSchema;
  /** Name of the definition that it refers to. */
  readonly definition: string | undefined;
}

/** @returns the schema of the value at `path`; `undefined` if no such key is allowed */
export function nodeAt(path: Path): SchemaNode | undefined {
  return path.reduce<SchemaNode | undefined>((node, step) => node && childOf(node, step), rootNode());
}

/** @returns the schema of the whole file */
export function rootNode(): SchemaNode {
  return nodeOf(configJsonSchema());
}

export function nodeOf(raw: JsonSchema): SchemaNode {
  const definition = raw.$ref?.replace('#/$defs/', '');
  const defined = definition === undefined ? undefined : configJsonSchema().$defs?.[definition];
  return { schema: { ...defined, ...raw }, definition };
}

/** Whether the value is a duration: a text in a file, milliseconds when parsed. */
export function isTime(node: SchemaNode | undefined): boolean {
  return ['time', 'positiveTime', 'hedgeDelay'].includes(node?.definition ?? '');
}

/** @returns the keys that a mapping may have, in the order of the schema */
export function knownKeys({ schema }: SchemaNode): readonly string[] {
  return Object.keys(mappingIn(schema).properties ?? {});
}

/** @returns what a mapping in place of a word may be, as in `tls: true`, which `tls: { ... }` may replace; else `schema` */
export function mappingIn(schema: JsonSchema): JsonSchema {
  if (schema.properties !== undefined) return schema;
  const member = schema.anyOf?.find((each) => typeof each === 'object' && each.properties !== undefined);
  return typeof member === 'object'
    ? { ...member, ...(schema.description && { description: schema.description }) }
    : schema;
}

/** @param change gets each scalar and its schema @returns a copy of `value` with each scalar replaced by its result */
export function mapScalars(
  value: unknown,
  change: (scalar: unknown, node: SchemaNode | undefined) => unknown,
  node: SchemaNode | undefined = rootNode(),
): unknown {
  if (typeof value !== 'object' || value === null) return change(value, node);
  const mapped = (inner: unknown, step: PropertyKey): unknown => mapScalars(inner, change, node && childOf(node, step));
  if (Array.isArray(value)) return value.map(mapped);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapped(inner, key)]));
}

/** @returns the schema of what is at `step` of a value; `undefined` if no such key is allowed */
export function childOf({ schema }: SchemaNode, step: PropertyKey): SchemaNode | undefined {
  const { items, properties = {}, additionalProperties } = mappingIn(schema);
  const own = Object.hasOwn(properties, step) ? properties[String(step)] : undefined;
  const child = own ?? (typeof step === 'number' && !Array.isArray(items) ? items : additionalProperties);
  return typeof child === 'object' ? nodeOf(child) : undefined;
}

/** Replaces the schemas of parsed values by the {@link DEFINITIONS} of their texts. */
export function rewriteDefinitions(schema: JsonSchema): void {
  const definition = DEFINITIONS[schema.id ?? ''];
  if (definition !== undefined) {
    delete schema.anyOf;
    delete schema.$ref;
    Object.assign(schema, definition);
  }
  // Bounds that zod adds to integers without any tell a reader nothing.
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
}

/** Adds what the program ignores: the key `$schema`, by which a file names its schema for editors, and `x-` keys. */
function withSchemaKey(schema: JsonSchema): JsonSchema {
  const $schema = { type: 'string', description: 'Where this schema is, for editors.' } as const;
  const properties = { $schema, ...schema.properties };
  return { ...schema, title: 'Roundhouse configuration', properties, patternProperties: { '^x-': {} } };
}
