// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what a file writes, not a template of this program.
import { expect } from 'chai';
import { ConfigError } from '../../src/config/config-error.js';
import { ConfigDocument } from '../../src/config/document.js';
import { effectiveYaml } from '../../src/config/effective.js';
import type { Environment } from '../../src/config/from-args.js';
import { configOf } from '../../src/config/load.js';
import type { Config } from '../../src/config/schema.js';
import { withoutSecrets } from '../../src/config/secrets.js';

function read(text: string, environment: Environment = {}): Config {
  return configOf({ backends: [] }, environment, new ConfigDocument(text, 'f'));
}
function complaints(text: string, environment: Environment = {}): readonly string[] {
  try {
    read(text, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.sentences;
    throw error;
  }
  return [];
}
const WEB = 'pools: { web: { backends: [{ address: "a:1" }] } }';

describe('Variables in a configuration file', () => {
  it('stand in values, whole or in part, in YAML and in JSON', () => {
    const environment = { HOST: '10.0.0.7', PORT: '8080' };
    const address = '10.0.0.7:8080';
    const text = 'pools: { web: { backends: [{ address: "${HOST}:${PORT}" }] } }';
    expect(read(text, environment).pools['web']?.backends).to.have.nested.property('[0].address', address);
    const json = JSON.stringify({ pools: { web: { backends: [{ address: '${HOST}:${PORT}' }] } } });
    expect(read(json, environment)).to.deep.equal(read(text, environment));
  });

  it('have a default, which counts for an empty one as well', () => {
    const text = `${WEB}\nlogLevel: \${LEVEL:-debug}`;
    expect(read(text).logLevel).to.equal('debug');
    expect(read(text, { LEVEL: '' }).logLevel).to.equal('debug');
    expect(read(text, { LEVEL: 'warn' }).logLevel).to.equal('warn');
  });

  it('are numbers, booleans and times where the key takes one, quoted or not', () => {
    const environment = { N: '3', YES: 'true', TIME: '7s', SHARE: '0.25' };
    const text = `${WEB}
workers: \${N}
drain: \${TIME}
tracing: { sample: "\${SHARE}" }
forwarding: { forwarded: "\${YES}" }`;
    expect(read(text, environment)).to.deep.include({ workers: 3, drain: 7_000, tracing: { sample: 0.25 } });
    expect(read(text, environment).forwarding.forwarded).to.equal(true);
  });

  it('are texts where the key takes one, whatever they look like', () => {
    const text = 'pools: { web: { backends: [{ address: "a:1" }], healthCheck: { headers: { x-key: "${KEY}" } } } }';
    for (const KEY of ['12345', 'true', '0x10', 'null', '~', '1e3']) {
      expect(read(text, { KEY }).pools['web']?.healthCheck.headers).to.deep.equal({ 'x-key': KEY });
    }
  });

  it('never become structure', () => {
    const KEY = 'x", workers: 9, "y": "z\n- &a {b: *c} # ${HOME}';
    const text = `${WEB}\naccessLog: \${KEY}`;
    expect(read(text, { KEY })).to.deep.include({ accessLog: KEY, workers: 'auto' });
  });

  it('are not looked for in keys, and $${ is these two characters', () => {
    const text = `${WEB}\naccessLog: /var/log/$\${HOST}-$1.log`;
    expect(read(text).accessLog).to.equal('/var/log/${HOST}-$1.log');
    expect(complaints(`${WEB}\n"\${HOST}": 1`, { HOST: 'x' }).join()).to.include('"${HOST}" is not known here');
  });

  it('that are not set are named with their place, each', () => {
    const text =
      'pools:\n  web:\n    backends:\n      - address: ${HOST}:1\n      - address: ${OTHER}\nworkers: ${N:-1}';
    expect(complaints(text)).to.deep.equal([
      'f:4:18: pools.web.backends[0].address: "${HOST}": this variable is not set; set it, or write ${HOST:-TEXT}',
      'f:5:18: pools.web.backends[1].address: "${OTHER}": this variable is not set; set it, or write ${OTHER:-TEXT}',
    ]);
  });

  for (const text of ['${', '${1}', '${A B}', '${A:=x}', '${A:-${B}}', '${}']) {
    it(`are refused where they are not written as one: ${text}`, () => {
      expect(complaints(`${WEB}\naccessLog: '${text}'`, { A: 'a', B: 'b' })).to.deep.equal([
        'f:2:12: accessLog: "${" begins no variable; write ${NAME} or ${NAME:-TEXT}, or $${ for these two characters',
      ]);
    });
  }

  it('have to be in quotes inside braces and brackets, where YAML reads a brace as one', () => {
    expect(complaints('pools: { web: { policy: ${POLICY} } }', { POLICY: 'random' })).to.deep.equal([
      'f:1:26: inside { } and [ ] a variable is put in quotes, as in "${NAME}"',
    ]);
  });

  it('with a name that every object has are not set', () => {
    expect(complaints(`${WEB}\naccessLog: \${constructor}`).join()).to.include('this variable is not set');
  });

  it('are hidden in what is shown wherever a value of the file would be', () => {
    const text =
      'pools: { web: { backends: [{ address: "a:1" }], healthCheck: { headers: { x-key: "Bearer ${KEY}" } } } }';
    const config = read(text, { KEY: 'hunter2-hunter2' });
    expect(effectiveYaml(withoutSecrets(config))).to.not.include('hunter2');
  });

  it('in a key that begins with x- count only where it is used', () => {
    const text = `x-check: &check { path: "\${PATH_OF_CHECK}" }\nx-unused: \${NOWHERE}\n`;
    const pools = 'pools: { web: { backends: [{ address: "a:1" }], healthCheck: { <<: *check, rise: 5 } } }';
    expect(read(`${text}${pools}`, { PATH_OF_CHECK: '/up' }).pools['web']?.healthCheck).to.include({
      path: '/up',
      rise: 5,
    });
    expect(complaints(`${text}${pools}`).join()).to.match(
      /^f:1:25: pools\.web\.healthCheck\.path: "\$\{PATH_OF_CHECK\}"/,
    );
  });
});
