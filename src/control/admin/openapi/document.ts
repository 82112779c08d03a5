/**
 * control/admin/openapi/document.ts: the description of the admin interface as OpenAPI 3.1, made from the definitions
 * of its endpoints. Loaded only when somebody asks for it.
 */
import * as z from 'zod';
import { configJsonSchema, type JsonSchema, rewriteDefinitions } from '../../../config/json-schema.js';
import { isMapping } from '../../../config/values.js';
import { type Content, type Endpoint, type JsonAnswer, type Problem, problemsOf, type RawAnswer } from '../endpoint.js';
import { errorAnswer } from './answers.js';

const PARAMETERS: Readonly<Record<string, string>> = {
  pool: 'Name of the pool.',
  id: 'Address of the backend, as in `10.0.0.1:8080`.',
};

const PROBLEMS: Readonly<Record<Problem, string>> = {
  400: 'The request, or the configuration, is not valid.',
  401: 'The request does not carry the token of the balancer.',
  403: 'The `Host` is neither an IP address nor localhost, or the request comes from a page of another site.',
  404: 'There is no such pool or backend.',
  409: 'The pool has the backend with other settings, or the new configuration cannot be applied.',
  412: 'The pool has another version than `If-Match` names.',
  413: 'The body is too large.',
  415: 'The body is not declared to be JSON.',
};

const IF_MATCH = {
  name: 'If-Match',
  in: 'header',
  description: 'Versions of the pool in quotes; nothing is changed when it has none of them.',
  schema: { type: 'string' },
};

type Json = Readonly<Record<string, unknown>>;
type OpenApiDocument = Json & { readonly openapi: '3.1.0' };

/** @param version the program's version, shown in `info` */
export function openApiDocument(endpoints: readonly Endpoint[], version: string): OpenApiDocument {
  const schemas = new Schemas();
  const paths: Record<string, Json> = {};
  for (const each of endpoints) {
    paths[each.path] = { ...paths[each.path], [each.method]: operationOf(each, schemas) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Roundhouse admin interface',
      version,
      description: 'Looks at a running balancer and changes it. docs/admin.md has examples.',
    },
    security: [{}, { token: [] }],
    tags: [{ name: 'health' }, { name: 'balancer' }, { name: 'pools' }],
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'Needed where the balancer was started with one.' },
      },
      schemas: schemas.byName,
    },
  };
}

function operationOf(endpoint: Endpoint, schemas: Schemas): Json {
  const { id, summary, description, tag, open, body, answers } = endpoint;
  const responses = [
    ...Object.entries(answers).map(([status, answer]) => [status, responseOf(answer, schemas)]),
    ...problemsOf(endpoint).map((status) => [status, refusal(PROBLEMS[status], schemas)]),
  ];
  const parameters = parametersOf(endpoint, schemas);
  return {
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    ...(open === true ? { security: [{}] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: jsonContent(body.schema, 'input', schemas) } }),
    responses: Object.fromEntries(responses),
  };
}

function parametersOf({ path, query, conditional }: Endpoint, schemas: Schemas): readonly Json[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: PARAMETERS[name],
    schema: { type: 'string' },
  }));
  return [...inPath, ...queryOf(query, schemas), ...(conditional === true ? [IF_MATCH] : [])];
}

function queryOf(query: Endpoint['query'], schemas: Schemas): readonly Json[] {
  const shape: Readonly<Record<string, z.ZodType>> = query?.shape ?? {};
  return Object.entries(shape).map(([name, schema]) => {
    const { description, ...rest } = schemas.of(schema, 'input');
    return { name, in: 'query', description, schema: rest };
  });
}

function refusal(description: string, schemas: Schemas): Json {
  return { description, content: jsonContent(errorAnswer, 'output', schemas) };
}

function responseOf(answer: JsonAnswer | RawAnswer, schemas: Schemas): Json {
  const { description } = answer;
  if ('schema' in answer) {
    const headers = Object.entries(answer.headers).map(([name, about]) => [
      name,
      { description: about, schema: { type: 'string' } },
    ]);
    const content = jsonContent(answer.schema, 'output', schemas);
    return { description, ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) }), content };
  }
  const content = Object.entries(answer.content).map(([type, schema]) => [
    type,
    { schema: schemas.of(schema, 'output') },
  ]);
  return { description, content: Object.fromEntries(content) };
}

function jsonContent(content: Content, io: 'input' | 'output', schemas: Schemas): Json {
  return { 'application/json': { schema: schemas.of(content, io) } };
}

/** Converts schemas, and collects the named ones that they refer to for `components`. */
class Schemas {
  readonly byName: Record<string, unknown> = {};

  of(content: Content, io: 'input' | 'output'): Json {
    if (content === 'text') return { type: 'string' };
    if (content === 'config') return this.#config();
    const {
      $schema: _,
      $defs = {},
      ...schema
    } = z.toJSONSchema(content, {
      io,
      // The result of a transform has no JSON Schema; `rewriteDefinitions` puts what a person writes in its place.
      unrepresentable: 'any',
      override: ({ jsonSchema }) => rewriteDefinitions(jsonSchema),
    });
    this.#add($defs);
    const name = typeof schema.id === 'string' ? schema.id : undefined;
    if (name === undefined) return relocated(schema);
    this.#add({ [name]: schema });
    return { $ref: `#/components/schemas/${name}` };
  }

  #config(): Json {
    const { $schema: _, $defs = {}, ...schema } = configJsonSchema();
    this.#add({ ...$defs, Config: schema });
    return { $ref: '#/components/schemas/Config' };
  }

  #add(definitions: Readonly<Record<string, JsonSchema>>): void {
    for (const [name, definition] of Object.entries(definitions)) this.byName[name] ??= relocated(definition);
  }
}

/** @returns a copy of `schema` with its references pointing to `components` */
function relocated(schema: Json): Json {
  return Object.fromEntries(
    Object.entries(schema)
      // zod writes a definition's name into it as `id`; in `components` the key is the name.
      .filter(([key, inner]) => !(key === 'id' && typeof inner === 'string'))
      .map(([key, inner]) => [
        key,
        key === '$ref' && typeof inner === 'string'
          ? inner.replace('#/$defs/', '#/components/schemas/')
          : relocatedValue(inner),
      ]),
  );
}

function relocatedValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relocatedValue);
  return isMapping(value) ? relocated(value) : value;
}
