/** config/reference.ts: makes docs/config.md, the reference of the configuration file, from the schema. */
import { configJsonSchema, type JsonSchema, mappingIn, nodeOf } from './json-schema.js';

const INTRODUCTION = `# The configuration file

<!-- Made by "roundhouse schema --markdown"; change the descriptions in src/config/schema.ts. -->

\`\`\`yaml
listeners: [{ address: 0.0.0.0:8080 }]
pools:
  web:
    backends: [{ address: 10.0.0.1:8080, weight: 2 }, { address: 10.0.0.2:8080 }]
    healthCheck: { path: /health }
\`\`\`

\`\`\`text
roundhouse -c FILE          run with this file; ROUNDHOUSE_CONFIG names it as well
roundhouse check -c FILE    report what is wrong with it, or print it with every default filled in
roundhouse schema           print the JSON Schema of configuration files, for editors
\`\`\`

The file is YAML 1.2 or JSON, at most 1 MiB, 50 levels, 2,000 aliases and 500,000 values, those of aliases
counted at each use; a key is one word. Only \`pools\` is required. Flags beat \`ROUNDHOUSE_*\` variables, and
variables beat the file: BACKENDS on the command line replace the \`backends\` of the only pool, \`--policy\` and
\`--health-*\` its settings. \`$schema\` names the schema of the file for editors:
\`roundhouse schema > roundhouse.schema.json\`, then \`$schema: ./roundhouse.schema.json\`.

**Variables.** In values of a file, \`\${NAME}\` is the environment variable of that name and \`\${NAME:-TEXT}\` has a text
for when it is unset or empty; \`$\${\` stands for these two characters. One that is not set is a mistake in the file.
Values are put in after the file is parsed: they are texts, or numbers and booleans where the key takes one, and
never keys or lists. Inside braces and brackets YAML wants quotes around them. A reload puts in the variables that the
process was started with; \`roundhouse diff\` takes those of whoever types it.

**Repeating less.** Keys at the top that begin with \`x-\` are ignored: they hold what is named by an anchor (\`&name\`) and
used by aliases (\`*name\`) or merged into a mapping by \`<<: *name\`, whose own keys beat it:

\`\`\`yaml
x-check: &check { path: /health, interval: 2s }
pools:
  web:
    backends: [{ address: "\${WEB_HOST:-10.0.0.1}:8080" }]
    healthCheck: *check
  api:
    backends: []  # filled at run time; until then it is answered with 503
    healthCheck: { <<: *check, fall: 5 }
routes: [{ path: /api, pool: api }, { pool: web }]
\`\`\`

**Mistakes** are reported by line and column, with the value and what was probably meant. Nothing is started then, and
the exit code is 1:

\`\`\`text
roundhouse: lb.yaml:4:13: pools.web.policy: "roundrobin" is not known; did you mean round-robin?
roundhouse: lb.yaml:6:5: pools.web: "helthCheck" is not known here; did you mean "healthCheck"?
\`\`\`

**A reload** (SIGHUP, \`roundhouse reload\`, \`--watch\`) applies what has changed in the file, all of it or nothing,
and touches nothing else; \`roundhouse diff\` shows the changes before. Only \`accept\`, \`admin\`, \`adminLimits\`,
\`metrics\` and \`stateFile\` need a restart. See [reload.md](reload.md).

**Times** are \`500ms\`, \`5s\`, \`1m\` or \`1h\`, at most \`24h\`. Where the table says "or off", \`off\` and \`0\`
disable the limit. **Addresses** are \`host:port\`; an IPv6 host is in brackets, as in \`"[::1]:8080"\`. \`unix:/path\` is a Unix domain socket.
`;

/** One row of a table of keys; texts in Markdown. */
interface ReferenceRow {
  readonly key: string;
  readonly kind: string;
  readonly initial: string;
  readonly description: string;
}

/** @returns Markdown */
export function configReference(): string {
  return `${INTRODUCTION}\n${section('Top level', '', configJsonSchema(), '')}`;
}

/** @returns a section with a table of the keys of a mapping, then a section for each key that is a mapping itself */
function section(title: string, description: string, schema: JsonSchema, prefix: string): string {
  const children = childrenOf(schema, prefix);
  const rows = children.map(({ key, schema: child }) => rowOf(key, child, schema.required ?? []));
  const head = [`## ${title}`, ...(description === '' ? [] : [description])].join('\n\n');
  const nested = children.flatMap(({ path, schema: child }) => nestedOf(path, child));
  return [`${head}\n\n${tableOf(rows)}`, ...nested].join('\n');
}

function nestedOf(path: string, schema: JsonSchema): readonly string[] {
  const inner = innerOf(schema);
  if (inner === undefined) return [];
  return [section(`\`${path}${inner.suffix}\``, schema.description ?? '', inner.schema, `${path}${inner.suffix}`)];
}

/**
 * @returns the mapping in the value of a key: the value itself, each item of a list, or each value of a mapping by name
 */
function innerOf(schema: JsonSchema): { readonly schema: JsonSchema; readonly suffix: string } | undefined {
  const mapping = mappingIn(schema);
  if (mapping.properties !== undefined) return { schema: mapping, suffix: '' };
  const { additionalProperties: named, items } = schema;
  if (typeof named === 'object') {
    const inner = nodeOf(named).schema;
    return inner.properties === undefined ? undefined : { schema: inner, suffix: '.NAME' };
  }
  const item = typeof items === 'object' && !Array.isArray(items) ? nodeOf(items).schema : undefined;
  return item?.properties === undefined ? undefined : { schema: item, suffix: '[]' };
}

interface Child {
  readonly key: string;
  readonly path: string;
  readonly schema: JsonSchema;
}

function childrenOf({ properties = {} }: JsonSchema, prefix: string): readonly Child[] {
  return Object.entries(properties).flatMap(([key, raw]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    return typeof raw === 'object' ? [{ key, path, schema: nodeOf(raw).schema }] : [];
  });
}

function rowOf(key: string, schema: JsonSchema, required: readonly string[]): ReferenceRow {
  const initial = required.includes(key) ? '**required**' : initialOf(schema);
  return { key: `\`${key}\``, kind: kindOf(schema), initial, description: schema.description ?? '' };
}

function initialOf({ default: initial }: JsonSchema): string {
  if (initial === undefined || (typeof initial === 'object' && Object.keys(initial ?? {}).length === 0)) return '';
  return typeof initial === 'object' ? `\`${JSON.stringify(initial)}\`` : `\`${initial}\``;
}

function kindOf(schema: JsonSchema): string {
  const { anyOf, enum: words, const: word, type, minimum, maximum, items, additionalProperties } = schema;
  switch (definitionOf(schema)) {
    case 'time':
      return 'time or off';
    case 'positiveTime':
      return 'time';
    case 'hedgeDelay':
      return '`p50`, `p75`, `p90`, `p95`, `p99` or time';
    case 'adminAddress':
      return 'address or `unix:/path`';
    case 'listenAddress':
      return 'address, `unix:/path` or `fd@NAME`';
    case 'backendAddress':
      return 'address or `unix:/path`';
    case 'statusRange':
      return 'status or range';
    case 'nameServer':
      return 'IP address, maybe with a port';
    case 'routeHost':
      return 'host';
    case 'clientRange':
      return 'IP address, range or `unix:`';
    default:
  }
  if (anyOf !== undefined) return anyOf.map((each) => kindOf(nodeOf(each).schema)).join(' or ');
  if (word !== undefined) return `\`${word}\``;
  if (words !== undefined) return words.map((each) => `\`${each}\``).join(', ');
  if (type === 'integer' || type === 'number')
    return `${type === 'integer' ? 'whole number' : 'number'}${range(minimum, maximum)}`;
  if (type === 'array') return `list, each ${withArticle(itemKind(items))}`;
  if (type === 'object') return typeof additionalProperties === 'object' ? namedKind(additionalProperties) : 'mapping';
  return type === 'boolean' ? '`true` or `false`' : 'text';
}

function namedKind(named: JsonSchema): string {
  const { schema } = nodeOf(named);
  return schema.properties === undefined ? `by name: ${kindOf(schema)}` : 'mappings by name';
}

function itemKind(items: JsonSchema['items']): string {
  return typeof items === 'object' && !Array.isArray(items) ? kindOf(nodeOf(items).schema) : 'value';
}

function withArticle(noun: string): string {
  return `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`;
}

function definitionOf({ $ref = '' }: JsonSchema): string {
  return $ref.replace('#/$defs/', '');
}

function range(minimum: number | undefined, maximum: number | undefined): string {
  if (maximum !== undefined) return `, ${minimum ?? 0} to ${maximum}`;
  return minimum === undefined ? '' : `, at least ${minimum}`;
}

function tableOf(rows: readonly ReferenceRow[]): string {
  const lines = rows.map(
    ({ key, kind, initial, description }) => `| ${key} | ${kind} | ${initial} | ${description} |\n`,
  );
  return `| key | value | default | meaning |\n| --- | --- | --- | --- |\n${lines.join('')}`;
}
