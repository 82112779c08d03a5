/**
 * test/workers/access-log/lines.test.ts: lines give back what a client sent, and nothing that a client sends can forge
 * a line.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { LOG_FIELDS } from '../../../src/core/log-fields.js';
import { REASONS } from '../../../src/core/reason.js';
import { parseRequestHead, RequestHead } from '../../../src/http1/request-head.js';
import { chosenFields } from '../../../workers/access-log/chosen-fields.js';
import { clfFormat } from '../../../workers/access-log/clf-line.js';
import { type AccessEntry, type LineFormat, LONGEST_LINE, MOST } from '../../../workers/access-log/entry.js';
import { jsonFormat } from '../../../workers/access-log/json-line.js';
import { AccessRecord } from '../../../workers/access-log/record.js';
import { bytesOf, LIMITS, lines } from '../../http1/heads.js';

const latin1 = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const RUNS = { numRuns: 2_000, seed: 7 };
const EPOCH_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

/** A record whose clock moves on by 1.25 ms each time it is asked. */
class Desk {
  readonly written: string[] = [];
  readonly record: AccessRecord;
  private ms = 1_000;

  constructor(format: LineFormat) {
    this.record = new AccessRecord({
      format,
      nowMs: () => this.now(),
      epochMs: () => EPOCH_MS,
      write: (entry) => this.written.push(format.line(entry)),
    });
  }

  now(): number {
    this.ms += 1.25;
    return this.ms;
  }

  get line(): string {
    return this.written.at(-1) ?? '';
  }

  /** A request that a backend answers at once. @returns its line */
  serve(text: string, head = new RequestHead(), peer = ''): string {
    const bytes = bytesOf(text);
    const arrivedMs = this.now();
    this.record.arrives(arrivedMs);
    expect(parseRequestHead(text, bytes, LIMITS, head)).to.equal('complete');
    this.record.read('192.0.2.7', peer, bytes, head, text.length);
    this.record.dispatched('web', head.requestId);
    this.record.attempt('10.0.0.1:80', 1, arrivedMs);
    this.record.responds(200, 100, this.now());
    this.record.sent(66);
    this.record.end();
    return this.line;
  }

  refuse(text: string): string {
    this.record.arrives(this.now());
    this.record.unreadable('192.0.2.7', text);
    this.record.answered({ status: 400, reason: 'bad-request', fault: 'bare-lf' }, 18, 21);
    this.record.end();
    return this.line;
  }
}

const FORMATS: readonly (readonly [name: string, make: () => LineFormat])[] = [
  ['json', () => jsonFormat(3)],
  ['clf', () => clfFormat(3)],
];

const withFields = (): LineFormat => chosenFields(jsonFormat(3), LOG_FIELDS, 3);

/** Texts that the strict parser accepts as a target, a field value and so on. */
const target = fc
  .string({ unit: fc.constantFrom(...'/az09?&=%"\\<>{}|^`\'~'), maxLength: 60 })
  .map((rest) => `/${rest}`);
const value = fc
  .string({ unit: fc.constantFrom(...'az09 ,;=/"\\\t\x80\xe9\xff}{:'), maxLength: 60 })
  .map((text) => text.trim());

function headOf(path: string, referer: string, userAgent: string, requestId = ''): string {
  return lines(
    `GET ${path} HTTP/1.1`,
    'Host: site.test:8080',
    `rEFERER: ${referer}`,
    'X-Referer: none',
    `User-Agent:${userAgent}`,
    ...(requestId === '' ? [] : [`X-Request-Id: ${requestId}`]),
  );
}

/** @returns every text between quotes, as a reader of the combined log format finds it */
function quotedIn(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"/g)].map(([, text]) => text ?? '');
}

function unescaped(text: string): string {
  return text.replaceAll(/\\x([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

describe('docs/access-log.md', () => {
  const page = readFileSync('docs/access-log.md', 'utf8');

  it('explains every reason there is', () => {
    for (const reason of REASONS) expect(page).to.include(`\n| \`${reason}\` | `);
  });

  it('explains every field there is', () => {
    const desk = new Desk(jsonFormat(3));
    const one = Object.keys(JSON.parse(desk.serve(headOf('/', 'r', 'u', 'i'), new RequestHead(), '192.0.2.1')));
    expect(one).to.include('peer');
    const other = Object.keys(JSON.parse(desk.refuse('nonsense')));
    for (const field of [...one, ...other, 'connectMs']) expect(page).to.match(new RegExp(`\n\\| [^|]*\`${field}\``));
  });
});

describe('A line of the access log', () => {
  it('says the same when every field was chosen', () => {
    const request = 'GET /a HTTP/1.1\r\nHost: site.test\r\nReferer: "x"\r\nUser-Agent: t\r\n\r\n';
    for (const peer of ['', '10.0.0.1']) {
      const [whole, chosen] = [jsonFormat(3), withFields()].map((format) =>
        new Desk(format).serve(request, undefined, peer),
      );
      expect(JSON.parse(chosen ?? '')).to.deep.equal(JSON.parse(whole ?? ''));
    }
    const [whole, chosen] = [jsonFormat(3), withFields()].map((format) => new Desk(format).refuse('GET"'));
    expect(JSON.parse(chosen ?? '')).to.deep.equal(JSON.parse(whole ?? ''));
  });

  it('in JSON says what the request and its answer were', () => {
    const desk = new Desk(jsonFormat(3));
    const text = headOf('/a?b=c', 'http://site.test/', 'curl/8.0', 'id-1');
    expect(JSON.parse(desk.serve(text))).to.deep.equal({
      time: '2026-01-02T03:04:05.678Z',
      client: '192.0.2.7',
      method: 'GET',
      target: '/a?b=c',
      version: '1.1',
      host: 'site.test:8080',
      status: 200,
      requestBytes: text.length,
      responseBytes: 166,
      durationMs: 1.25,
      firstByteMs: 1.25,
      backendMs: 1.25,
      attempts: 1,
      pool: 'web',
      backend: '10.0.0.1:80',
      requestId: 'id-1',
      referer: 'http://site.test/',
      userAgent: 'curl/8.0',
      worker: 3,
    });
  });

  it('in JSON leaves out what there is nothing to say of', () => {
    const desk = new Desk(jsonFormat(3));
    const line = JSON.parse(desk.serve(lines('GET / HTTP/1.0')));
    expect(line).to.include({ version: '1.0', host: '' });
    expect(line).to.not.have.any.keys('requestId', 'referer', 'userAgent', 'reason', 'fault', 'connectMs', 'line');
    expect(JSON.parse(desk.refuse('nonsense\nmore'))).to.deep.equal({
      time: '2026-01-02T03:04:05.678Z',
      client: '192.0.2.7',
      line: 'nonsense',
      status: 400,
      reason: 'bad-request',
      fault: 'bare-lf',
      requestBytes: 13,
      responseBytes: 21,
      durationMs: 1.25,
      firstByteMs: 1.25,
      worker: 3,
    });
  });

  it('in CLF is the combined format, with times behind it', () => {
    const desk = new Desk(clfFormat(3));
    const line = desk.serve(headOf('/a?b=c', 'http://site.test/', 'curl/8.0', 'id-1'));
    expect(line.replace(/\[.*?\]/, '[-]')).to.equal(
      '192.0.2.7 - - [-] "GET /a?b=c HTTP/1.1" 200 66 "http://site.test/" "curl/8.0" ' +
        'rt=0.001250 uct=- uht=0.001250 urt=0.001250 backend=10.0.0.1:80 attempts=1 reason=- id="id-1" worker=3\n',
    );
    expect(desk.refuse('nonsense\nmore').replace(/\[.*?\]/, '[-]')).to.equal(
      '192.0.2.7 - - [-] "nonsense" 400 3 "-" "-" ' +
        'rt=0.001250 uct=- uht=- urt=- backend=- attempts=0 reason=bad-request id="-" worker=3\n',
    );
  });

  it('gives the times of a retry over a new connection, and of an answer in two parts', () => {
    const desk = new Desk(jsonFormat(3));
    const { record } = desk;
    const text = lines('PUT /x HTTP/1.1', 'Host: a', 'Content-Length: 9');
    const head = new RequestHead();
    const arrivedMs = desk.now(); // 0, and from here on each look at the clock is 1.25 ms later
    record.arrives(arrivedMs);
    parseRequestHead(text, bytesOf(text), LIMITS, head);
    record.read('192.0.2.7', '', bytesOf(text), head, text.length);
    record.received(9);
    record.dispatched('web', '');
    record.attempt('10.0.0.1:80', 1, arrivedMs);
    record.attempt('10.0.0.2:80', 2, desk.now()); // 1.25
    record.connects(); // 2.5
    record.connected(); // 3.75
    record.responds(201, 50, desk.now()); // 5
    record.sent(10);
    record.goesOn();
    record.sent(20);
    record.end(); // 6.25
    expect(JSON.parse(desk.line)).to.include({
      requestBytes: text.length + 9,
      responseBytes: 80,
      durationMs: 6.25,
      firstByteMs: 5,
      connectMs: 1.25,
      backendMs: 2.5,
      attempts: 2,
      backend: '10.0.0.2:80',
    });
  });

  it('of one that got no answer has status 499, and the reason that was given first', () => {
    const desk = new Desk(jsonFormat(3));
    const text = lines('GET / HTTP/1.1', 'Host: a');
    const head = new RequestHead();
    desk.record.arrives(desk.now());
    parseRequestHead(text, bytesOf(text), LIMITS, head);
    desk.record.read('', '', bytesOf(text), head, text.length);
    desk.record.dispatched('web', '');
    desk.record.blame('client-timeout');
    desk.record.blame('client-gone');
    desk.record.end();
    desk.record.end();
    expect(desk.written).to.have.length(1);
    const line = JSON.parse(desk.line);
    expect(line).to.include({ status: 499, reason: 'client-timeout', responseBytes: 0, attempts: 0, pool: 'web' });
    expect(line).to.not.have.any.keys('firstByteMs', 'backendMs', 'backend');
  });

  it('remembers nothing of the request before', () => {
    const desk = new Desk(jsonFormat(3));
    desk.serve(headOf('/first', 'r', 'u', 'i'));
    desk.refuse('nonsense');
    const line = JSON.parse(desk.serve(lines('HEAD /second HTTP/1.0', 'Host: b')));
    expect(line).to.include({ method: 'HEAD', target: '/second', version: '1.0', host: 'b', status: 200 });
    expect(line).to.not.have.any.keys('requestId', 'referer', 'userAgent', 'reason', 'fault', 'line');
  });

  it('in JSON gives back whatever went in', () => {
    const desk = new Desk(jsonFormat(3));
    fc.assert(
      fc.property(target, value, value, value, (path, referer, userAgent, requestId) => {
        const line = JSON.parse(desk.serve(headOf(path, referer, userAgent, requestId)));
        expect(line.target).to.equal(path);
        expect(line.referer ?? '').to.equal(referer);
        expect(line.userAgent ?? '').to.equal(userAgent);
        expect(line.requestId ?? '').to.equal(requestId);
      }),
      RUNS,
    );
  });

  it('in CLF has the same quotes whatever went in, and gives it back', () => {
    const desk = new Desk(clfFormat(3));
    fc.assert(
      fc.property(target, value, value, value, (path, referer, userAgent, requestId) => {
        const [request, ...rest] = quotedIn(desk.serve(headOf(path, referer, userAgent, requestId))).map(unescaped);
        expect(request).to.equal(`GET ${path} HTTP/1.1`);
        expect(rest).to.deep.equal([referer || '-', userAgent || '-', requestId || '-']);
      }),
      RUNS,
    );
  });

  it('gives the first line of what could not be read', () => {
    const [json, clf] = [new Desk(jsonFormat(3)), new Desk(clfFormat(3))];
    fc.assert(
      fc.property(fc.string({ unit: latin1, maxLength: 80 }), (text) => {
        const first = /^[^\r\n]*/.exec(text)?.[0];
        expect(JSON.parse(json.refuse(text)).line).to.equal(first);
        expect(unescaped(quotedIn(clf.refuse(text))[0] ?? '')).to.equal(first);
      }),
      RUNS,
    );
  });

  for (const [name, make] of FORMATS) {
    it(`in ${name} is one line of printable ASCII, whatever went in`, () => {
      const desk = new Desk(make());
      fc.assert(
        fc.property(target, value, value, fc.string({ unit: latin1 }), (path, referer, userAgent, nonsense) => {
          expect(desk.serve(headOf(path, referer, userAgent))).to.match(/^[\x20-\x7e]+\n$/);
          expect(desk.refuse(nonsense)).to.match(/^[\x20-\x7e]+\n$/);
        }),
        RUNS,
      );
    });

    it(`in ${name} is never longer than a pipe takes whole, and shows where it was cut`, () => {
      const desk = new Desk(make());
      for (const letter of ['a', '"', '\xff']) {
        const long = letter.repeat(3_000);
        const path = `/${letter === '\xff' ? '"'.repeat(3_000) : long}`;
        const head = lines(
          `PROPPATCHPROPPATCHPROPPATCHPROPP ${path} HTTP/1.1`,
          `Host: ${'h.'.repeat(126)}h.:65535`,
          `Referer: ${long}`,
          `User-Agent: ${long}`,
          `X-Request-Id: ${letter.repeat(128)}`,
        );
        const line = desk.serve(head, new RequestHead(), '2001:db8:1111:2222:3333:4444:5555:6666');
        expect(line.length).to.be.within(2_000, LONGEST_LINE - 350); // the rest is for long names, and for numbers
        expect(line.match(/\.\.\./g)).to.have.length.at.least(3);
        expect(desk.refuse(long).length).to.be.at.most(LONGEST_LINE - 350);
      }
    });

    it(`in ${name} is no longer with the longest of everything at once, names of route, pool and backend among it`, () => {
      const format = make();
      const entry: Omit<AccessEntry, 'frame'> = {
        ...{ endedAt: EPOCH_MS, isRead: true, status: 502, attempts: 10, version: '1.1' },
        ...{ client: 'c'.repeat(45), peer: 'p'.repeat(45), method: 'M'.repeat(32), host: 'h'.repeat(260) },
        tls: { version: 'TLSv1.3', cipher: 'c'.repeat(40), servername: 's'.repeat(MOST.servername) },
        ...{ line: 'l'.repeat(MOST.target), target: 't'.repeat(MOST.target), requestId: 'i'.repeat(MOST.requestId) },
        ...{ referer: 'r'.repeat(MOST.referer), userAgent: 'u'.repeat(MOST.userAgent), traceId: 't'.repeat(32) },
        ...{ reason: 'connect-timeout', fault: 'response head larger than limits.headBytes (65536)' },
        ...{ requestBytes: 2 ** 53, responseBytes: 2 ** 53, responseHeadBytes: 0 },
        ...{ durationUs: 864e8 + 123, firstByteUs: 864e8 + 122, connectUs: 864e8 + 1, backendUs: 864e8 + 21 },
        ...{ backendTotalUs: 864e8 + 11, route: 'r'.repeat(64), pool: 'p'.repeat(64) },
        // The longest name with a port, and behind it the longest address in parentheses.
        backend: 'b'.repeat(310),
      };
      const frame = format.frame(entry);
      for (const isRead of [true, false]) {
        expect(format.line({ ...entry, isRead, frame }).length).to.be.at.most(LONGEST_LINE);
      }
    });

    it(`in ${name} is cut between characters, and only when it has to be`, () => {
      const desk = new Desk(make());
      fc.assert(
        fc.property(
          fc.integer({ min: MOST.userAgent - 8, max: MOST.userAgent + 8 }),
          fc.constantFrom('a', '"'),
          (n, a) => {
            const userAgent = a.repeat(Math.floor(n / (a === 'a' ? 1 : name === 'json' ? 2 : 4)));
            const line = desk.serve(headOf('/', '', userAgent));
            const shown = name === 'json' ? JSON.parse(line).userAgent : unescaped(quotedIn(line)[2] ?? '');
            if (shown === userAgent) return;
            expect(shown.endsWith('...')).to.equal(true);
            expect(userAgent.startsWith(shown.slice(0, -3))).to.equal(true);
          },
        ),
        { ...RUNS, numRuns: 200 },
      );
    });
  }
});
