import { expect } from 'chai';
import { type ReadMessage, readRequest, readResponse } from '../../bench/http/message.js';
import type { Recorded } from './backend.js';
import { forwarded, get, mustRefuse, PATH, SMUGGLED, TAG } from './bytes.js';
import type { Case, Outcome } from './case.js';
import type { Received } from './client.js';
import { judge } from './judge.js';

function message(text: string): ReadMessage {
  const reading = text.startsWith('HTTP/') ? readResponse(text, { toHead: false, ended: true }) : readRequest(text);
  if (reading.kind !== 'message') throw new TypeError(`Not a message: ${text}`);
  return reading.message;
}

function received(end: Received['end'], ...answers: readonly string[]): Received {
  const read = answers.map(message).map((each) => ({ status: each.status, message: each, interims: [] }));
  return { answers: read, cut: undefined, tunnel: '', unreadable: undefined, end };
}

function reached(...requests: readonly string[]): readonly Recorded[] {
  return requests.map((text) => ({ kind: 'request', message: message(text) }));
}

/** @returns the kind of outcome that was recognised, or why none was */
function verdict(safe: Case['safe'], client: Received, backend: readonly Recorded[], misled = 0): string {
  const test: Case = { id: 'a/b', title: '', rfc: '', send: [get()], safe };
  const { outcome, reasons } = judge(test, { tag: TAG, client, backend, misled });
  return outcome?.kind ?? reasons.join('; ');
}

const OK = `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`;
const BAD = 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n';
const FORWARDED: readonly [Outcome] = [forwarded({ line: `GET ${PATH} HTTP/1.1`, has: ['Host: site.test'] })];

describe('The judge of the conformance suite', () => {
  it('recognises what is safe', () => {
    expect(verdict(FORWARDED, received('open', OK), reached(get()))).to.equal('forwarded');
    expect(verdict(mustRefuse(400), received('closed', BAD), [])).to.equal('refused');
    expect(verdict(mustRefuse(400), received('reset'), [])).to.equal('dropped');
  });

  it('is not content with a refusal that leaves the connection open, or that comes when the request has gone on', () => {
    expect(verdict(mustRefuse(400), received('open', BAD), [])).to.contain('the connection is open, not closed');
    expect(verdict(mustRefuse(400), received('closed', BAD), reached(get()))).to.contain('1 requests at the backend');
  });

  it('compares what reached the backend', () => {
    expect(verdict(FORWARDED, received('open', OK), reached(get().replace('GET', 'PUT')))).to.contain('request line');
    expect(verdict(FORWARDED, received('open', OK), reached(get().replace('site', 'other')))).to.contain('Host');
    expect(verdict(FORWARDED, received('open', OK), reached(get(), get()))).to.contain('2 requests at the backend');
  });

  it('lets nothing excuse a smuggled request, an unreadable message or an answer meant for somebody else', () => {
    expect(verdict(FORWARDED, received('open', OK), reached(get(), SMUGGLED))).to.contain('a smuggled request');
    const unreadable: Recorded = { kind: 'unreadable', raw: get(), why: 'a bare CR' };
    expect(verdict(FORWARDED, received('open', OK), [...reached(get()), unreadable])).to.contain('was sent a bare CR');
    const other = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nt-999999';
    expect(verdict(FORWARDED, received('open', other), reached(get()))).to.contain('the answer to somebody else');
    expect(verdict(FORWARDED, received('open', OK), reached(get()), 1)).to.contain('1 of the clients that came next');
  });
});
