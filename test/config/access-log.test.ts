/** test/config/access-log.test.ts: what the keys of the access log take, and what is said of a mistake. */
import { expect } from 'chai';
import { configSchema } from '../../src/config/schema.js';

describe('The configuration of the access log', () => {
  const rest = {
    listeners: [{ address: '127.0.0.1:0' }],
    routes: [{ name: 'api', pool: 'web' }],
    pools: { web: { backends: [] } },
  };

  /** @returns the first thing that is wrong */
  function complaint(keys: object): string {
    const result = configSchema.safeParse({ ...rest, ...keys });
    const issue = result.error?.issues[0];
    return issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`;
  }

  it('takes rules and fields, and gives the same when it is parsed again', () => {
    const accessLogFilter = { only: [{ route: 'api', status: '5xx', slowerThan: '1s' }], sample: 0.1 };
    const parsed = configSchema.parse({ ...rest, accessLogFilter, accessLogFields: ['time', 'route'] });
    expect(configSchema.parse(parsed)).to.deep.equal(parsed);
    expect(parsed.accessLogFilter?.only).to.deep.equal([{ route: 'api', status: '5xx', slowerThan: 1_000 }]);
  });

  it('suggests the field, the route that was meant', () => {
    expect(complaint({ accessLogFields: ['staus'] })).to.match(/"staus" is not a field .*did you mean "status"\?$/);
    expect(complaint({ accessLogFilter: { always: [{ route: 'apj' }] } })).to.equal(
      'accessLogFilter.always.0.route: no route is called "apj"; did you mean "api"?',
    );
  });

  it('refuses fields in CLF, fields that come twice, rules that ask for nothing and shares over 1', () => {
    expect(complaint({ accessLogFields: ['time'], accessLogFormat: 'clf' })).to.include('JSON lines only');
    expect(complaint({ accessLogFields: ['time', 'time'] })).to.include('twice');
    expect(complaint({ accessLogFilter: { only: [{}] } })).to.include('asks for nothing');
    expect(complaint({ accessLogFilter: { sample: 10 } })).to.include('must be from 0 to 1');
    expect(complaint({ accessLogFilter: { only: [{ status: 600 }] } })).to.include('only.0.status');
  });
});
