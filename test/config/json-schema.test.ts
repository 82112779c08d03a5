import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { parse } from 'yaml';
import { ConfigDocument } from '../../src/config/document.js';
import { effectiveYaml } from '../../src/config/effective.js';
import { configJsonSchema, type JsonSchema } from '../../src/config/json-schema.js';
import { configOf } from '../../src/config/load.js';
import { configReference } from '../../src/config/reference.js';

const accepts = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(configJsonSchema());

/** Whether the program takes a file of that text. */
function isTaken(text: string): boolean {
  try {
    configOf({ backends: [] }, {}, new ConfigDocument(text, 'f'));
    return true;
  } catch {
    return false;
  }
}

const pool = (inside = ''): string => `pools: { web: { backends: [{ address: "a:1" }], ${inside} } }\n`;

describe('The JSON Schema of configuration files', () => {
  for (const file of ['examples/basic.yaml', 'examples/tuned.yaml', 'examples/routes.yaml']) {
    it(`accepts ${file} as the program does, and what it comes to`, () => {
      const text = readFileSync(file, 'utf8');
      const config = configOf({ backends: [] }, {}, new ConfigDocument(text, file));
      for (const each of [text, effectiveYaml(config)])
        expect([accepts(parse(each)), accepts.errors]).to.deep.equal([true, null]);
    });
  }

  for (const text of [
    pool(),
    `$schema: ./roundhouse.schema.json\n${pool()}`,
    `workers: 3\nadmin: off\ndrain: 1.5s\n${pool()}`,
    `timeouts: { head: 0, write: off, keepAlive: "0" }\n${pool()}`,
    pool('hedging: {}, retries: { on: [5xx, 429], backoff: { base: off } }'),
    pool('hedging: { delay: 50ms }, queue: { length: 0 }'),
    `admin: "[::1]:80"\nforwarding: { trustedProxies: [10.0.0.1, 10.0.0.0/8, "fd00::/8"], via: lb-1 }\n${pool()}`,
  ]) {
    it(`accepts what the program does: ${text}`, () => {
      expect([accepts(parse(text)), isTaken(text)]).to.deep.equal([true, true]);
    });
  }

  for (const text of [
    '{}',
    'pools: {}',
    'pools: { "a b": { backends: [{ address: "a:1" }] } }',
    'pools: { web: { backends: [{ weight: 1 }] } }',
    'pools: { web: { backends: [{ address: a }] } }',
    'pools: { web: { backends: [{ address: "a:1", weight: 0 }] } }',
    pool('policy: fastest'),
    pool('polcy: random'),
    pool('timeouts: { connect: 5 }'),
    pool('timeouts: { connect: off }'),
    pool('timeouts: { connect: 0s }'),
    pool('timeouts: { connect: 5 s }'),
    pool('healthCheck: { path: health }'),
    pool('retries:'),
    pool('retries: { on: [redirect] }'),
    pool('retries: { on: [200] }'),
    pool('hedging: { delay: off }'),
    pool('hedging: { delay: p42 }'),
    `drain: 0\n${pool()}`,
    `workers: 257\n${pool()}`,
    `admin: 9901\n${pool()}`,
    `listeners: []\n${pool()}`,
    `forwarding: { trustedProxies: [proxy] }\n${pool()}`,
  ]) {
    it(`refuses what the program does: ${text}`, () => {
      expect([accepts(parse(text)), isTaken(text)]).to.deep.equal([false, false]);
    });
  }

  it('describes every key, and has the defaults as a person writes them', () => {
    const silent: string[] = [];
    const look = (schema: JsonSchema, path: string): void => {
      const { properties = {}, items, additionalProperties } = schema;
      for (const [key, child] of Object.entries(properties)) {
        if (typeof child !== 'object') continue;
        if (child.description === undefined) silent.push(`${path}.${key}`);
        look(child, `${path}.${key}`);
      }
      if (typeof items === 'object' && !Array.isArray(items)) look(items, `${path}[]`);
      if (typeof additionalProperties === 'object') look(additionalProperties, `${path}.*`);
    };
    look(configJsonSchema(), '');
    expect(silent).to.deep.equal([]);
    const { listeners, drain, admin } = configJsonSchema().properties ?? {};
    expect(listeners).to.have.deep.property('default', [{ address: '0.0.0.0:8080' }]);
    expect(drain).to.have.property('default', '30s');
    expect(admin).to.have.property('default', '127.0.0.1:9901');
  });
});

describe('docs/config.md', () => {
  it('is what "roundhouse schema --markdown" prints', () => {
    expect(readFileSync('docs/config.md', 'utf8')).to.equal(configReference());
  });

  it('shows an example that works', () => {
    const example = /```yaml\n([\s\S]*?)```/.exec(configReference())?.[1] ?? '';
    expect(isTaken(example)).to.equal(true);
  });
});
