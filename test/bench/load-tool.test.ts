import { expect } from 'chai';
import { parseAutocannon, parseWrk, wrkScript } from '../../bench/load-tool.js';
import { BROWSER_GET, NEW_CONNECTION, POST_4K } from '../../bench/traffic.js';

const WRK = `Running 1s test @ http://127.0.0.1:9555/
  1 threads and 64 connections
Requests/sec:  67800.10

roundhouse-bench {"requests":68478,"micros":1010000,"p50":712,"p99":1781,"connect":1,"read":2,"write":3,"status":4,"timeout":5}
`;

const AUTOCANNON = `{"duration":1.02,"errors":3,"timeouts":2,"non2xx":4,"latency":{"p50":1,"p99":8},"requests":{"total":34357}}\n`;

describe('The result of wrk', () => {
  it('is found behind what wrk prints for people', () => {
    expect(parseWrk(WRK)).to.deep.equal({ requests: 68_478, seconds: 1.01, p50Ms: 0.712, p99Ms: 1.781, errors: 15 });
  });

  it('is missed aloud when wrk failed', () => {
    expect(() => parseWrk('unable to connect to 127.0.0.1:9555 Connection refused\n')).to.throw(
      'wrk printed no result: unable to connect to 127.0.0.1:9555 Connection refused',
    );
  });

  it('is refused when a figure is missing', () => {
    expect(() => parseWrk('roundhouse-bench {"requests":1}')).to.throw('micros');
  });
});

describe('The script for wrk', () => {
  it('sends a body of the size the scenario names', () => {
    expect(wrkScript(POST_4K)).to.include('wrk.method = "POST"\n').and.include('string.rep("x", 4096)');
  });

  it('asks for a connection per request where the scenario wants one', () => {
    expect(wrkScript(NEW_CONNECTION)).to.include('wrk.headers["Connection"] = "close"');
  });

  it('quotes what a header holds', () => {
    expect(wrkScript(BROWSER_GET)).to.include(String.raw`wrk.headers["Sec-Ch-Ua"] = "\"Chromium\";`);
  });
});

describe('The result of autocannon', () => {
  it('counts its time-outs once', () => {
    expect(parseAutocannon(AUTOCANNON, true)).to.deep.equal({
      requests: 34_357,
      seconds: 1.02,
      p50Ms: 1,
      p99Ms: 8,
      errors: 7,
    });
  });

  it('has no latency where autocannon times the wrong thing', () => {
    expect(parseAutocannon(AUTOCANNON, false)).to.include({ requests: 34_357, p50Ms: undefined, p99Ms: undefined });
  });

  it('is missed aloud when autocannon failed', () => {
    expect(() => parseAutocannon('Error: boom', true)).to.throw('autocannon printed no result: Error: boom');
  });
});

describe("A browser's head", () => {
  it('has ten fields and 800 bytes', () => {
    const fields = Object.entries({ Host: '127.0.0.1:40000', ...BROWSER_GET.headers });
    expect(fields).to.have.length(10);
    const head = `GET / HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
    expect(head.length).to.equal(800);
  });
});
