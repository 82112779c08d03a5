/**
 * control/admin/openapi/document.ts: the description of the admin interface as OpenAPI 3.1, made from the schemas that
 * requests are checked against. Loaded only when somebody asks for it.
 */
import * as z from 'zod';
import { configJsonSchema, type JsonSchema, rewriteDefinitions } from '../../../config/json-schema.js';
import { isMapping } from '../../../config/values.js';
import { errorAnswer } from './answers.js';
import { type Answer, type Content, OPERATIONS, type Operation, type Problem } from './operations.js';

const PARAMETERS: Readonly<Record<string, string>> = {
  pool: 'Its name.',
  id: 'Its address, as in `10.0.0.1:8080`.',
};

const PROBLEMS: Readonly<Record<Problem | 401 | 403, string>> = {
  400: 'The request is not what it should be.',
  401: 'The balancer asks for a token, and this is not it.',
  403: 'Asked under a foreign name, or by a page of another site.',
  404: 'There is no such pool or backend.',
  409: 'It is there already, with another setting.',
  412: 'The pool has another version than `If-Match` names.',
  413: 'The body is too large.',
  415: 'The body is not declared to be JSON.',
};

type Json = Readonly<Record<string, unknown>>;

/** @param version of this program */
export function openApiDocument(version: string): Json {
  const schemas = new Schemas();
  const paths: Record<string, Json> = {};
  for (const operation of OPERATIONS) {
    const { path, method } = operation;
    paths[path] = { ...paths[path], [method]: operationOf(operation, schemas) };
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

function operationOf(operation: Operation, schemas: Schemas): Json {
  const { id, summary, description, tag, open, body, answers, problems = [] } = operation;
  const refusals: readonly (keyof typeof PROBLEMS)[] = open === true ? problems : [401, 403, ...problems];
  const responses = [
    ...Object.entries(answers).map(([status, answer]) => [status, responseOf(answer, schemas)]),
    ...refusals.map((status) => [status, responseOf(refusal(PROBLEMS[status]), schemas)]),
  ];
  const parameters = parametersOf(operation, schemas);
  return {
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    ...(open === true ? { security: [{}] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemas.of(body, 'input') } } } }),
    responses: Object.fromEntries(responses),
  };
}

function parametersOf({ path, query = {}, conditional }: Operation, schemas: Schemas): readonly Json[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: PARAMETERS[name],
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(query).map(([name, { description, schema }]) => ({
    name,
    in: 'query',
    description,
    schema: schemas.of(schema, 'input'),
  }));
  const ifMatch = {
    name: 'If-Match',
    in: 'header',
    description: 'Versions of the pool in quotes; nothing is changed when it has none of them.',
    schema: { type: 'string' },
  };
  return [...inPath, ...inQuery, ...(conditional === true ? [ifMatch] : [])];
}

function refusal(description: string): Answer {
  return { description, content: { 'application/json': errorAnswer } };
}

function responseOf({ description, content = {}, headers = {} }: Answer, schemas: Schemas): Json {
  const fields = Object.entries(headers).map(([name, about]) => [
    name,
    { description: about, schema: { type: 'string' } },
  ]);
  const bodies = Object.entries(content).map(([type, schema]) => [type, { schema: schemas.of(schema, 'output') }]);
  return {
    description,
    ...(fields.length === 0 ? {} : { headers: Object.fromEntries(fields) }),
    ...(bodies.length === 0 ? {} : { content: Object.fromEntries(bodies) }),
  };
}

/** Collects what schemas refer to under `components`, where OpenAPI wants it. */
class Schemas {
  readonly byName: Record<string, unknown> = {};

  of(content: Content, io: 'input' | 'output'): unknown {
    if (content === 'text') return { type: 'string' };
    if (content === 'config') return this.#config();
    const {
      $schema: _,
      $defs = {},
      ...schema
    } = z.toJSONSchema(content, {
      io,
      // What a transform makes is held by the program; a person sees what the definitions say.
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

/** @returns a copy that refers to what it needs under `components` */
function relocated(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relocated);
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      // The name of a definition says where it is; here its key does.
      .filter(([key, inner]) => !(key === 'id' && typeof inner === 'string'))
      .map(([key, inner]) => [
        key,
        key === '$ref' && typeof inner === 'string'
          ? inner.replace('#/$defs/', '#/components/schemas/')
          : relocated(inner),
      ]),
  );
}
