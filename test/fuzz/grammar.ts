/**
 * test/fuzz/grammar.ts: messages that are valid or nearly so, because random bytes never get past the first line: one
 * word in some is one that parsers disagree about.
 */
import type { Random } from '../../src/core/random.js';
import { mostly, oneIn, oneOf, several } from './chance.js';
import type { Input } from './message.js';
import * as words from './vocabulary.js';

/** How seldom a word is an odd one: most messages have one or none. */
const ODD = 24;

/** The parts of one message; fields without their line ends. */
export interface Draft {
  line: string;
  fields: string[];
  body: string;
}

export interface DraftInput extends Omit<Input, 'text'> {
  /** One behind the other on one connection. */
  readonly drafts: Draft[];
}

export function draftInput(random: Random): DraftInput {
  if (oneIn(random, 2)) {
    const drafts = [draftRequest(random), ...several(random, 2, () => draftRequest(random))];
    return { kind: 'request', drafts, trusted: oneIn(random, 2), adds: oneIn(random, 2) };
  }
  const drafts = [...(oneIn(random, 4) ? several(random, 2, () => draftInterim(random)) : []), draftResponse(random)];
  // At times something nobody asked for behind it.
  if (oneIn(random, 6)) drafts.push(draftResponse(random));
  const [isHead, upgrade] = [oneIn(random, 6), oneIn(random, 4)];
  return { kind: 'response', drafts, isHead, upgrade, toMinor: oneIn(random, 3) ? 0 : 1 };
}

function draftRequest(random: Random): Draft {
  const method = mostly(random, words.METHODS, words.ODD_METHODS, ODD);
  const wanted = mostly(random, words.TARGETS, words.ODD_TARGETS, ODD);
  const target = wanted === '*' && method !== 'OPTIONS' ? '/' : wanted;
  const version = mostly(random, words.VERSIONS, words.ODD_VERSIONS, ODD);
  const host = mostly(random, words.HOSTS, words.ODD_HOSTS, ODD);
  const draft: Draft = { line: `${method} ${target} ${version}`, fields: draftFields(random), body: '' };
  if (version !== 'HTTP/1.0' || oneIn(random, 2)) insert(random, draft.fields, host);
  if (oneIn(random, 2)) addBody(random, draft, version === 'HTTP/1.0' && !oneIn(random, ODD));
  return draft;
}

function draftInterim(random: Random): Draft {
  return { line: oneOf(random, words.INTERIM_LINES), fields: draftFields(random), body: '' };
}

function draftResponse(random: Random): Draft {
  const line = mostly(random, words.STATUS_LINES, words.ODD_STATUS_LINES, ODD / 2);
  const draft: Draft = { line, fields: draftFields(random), body: '' };
  if (oneIn(random, 8)) draft.body = 'until the end\r\n\r\n';
  else addBody(random, draft, line.startsWith('HTTP/1.0') && !oneIn(random, ODD));
  return draft;
}

function draftFields(random: Random): string[] {
  // Above 32 fields llhttp reports them in several pieces.
  const most = oneIn(random, 64) ? 60 : 5;
  return several(random, most, () => mostly(random, words.FIELDS, words.ODD_FIELDS, ODD * 2));
}

function addBody(random: Random, draft: Draft, withLength: boolean): void {
  const payload = oneOf(random, ['', 'hello', 'x', 'GET /in HTTP/1.1\r\nHost: i\r\n\r\n', '0\r\n\r\n', '\xe9\x00\r\n']);
  if (withLength || oneIn(random, 2)) {
    draft.body = payload;
    insert(random, draft.fields, framing(random, `Content-Length: ${payload.length}`, payload.length));
    return;
  }
  draft.body = draftChunks(random);
  insert(random, draft.fields, framing(random, 'Transfer-Encoding: chunked', draft.body.length));
}

function framing(random: Random, plain: string, length: number): string {
  return oneIn(random, ODD / 3) ? oneOf(random, words.FRAMING_TRICKS).replace('#', `${length}`) : plain;
}

function draftChunks(random: Random): string {
  const chunks = several(random, 3, () => {
    const data = oneOf(random, ['a', 'hello world', '\r\n0\r\n\r\n', 'x'.repeat(17), '\x00\xff']);
    return `${chunkLine(random, data.length.toString(16))}${data}\r\n`;
  });
  const trailers = several(random, 2, () => `${mostly(random, words.TRAILERS, words.ODD_TRAILERS, ODD / 2)}\r\n`);
  return `${chunks.join('')}${chunkLine(random, '0')}${oneIn(random, 3) ? trailers.join('') : ''}\r\n`;
}

function chunkLine(random: Random, size: string): string {
  const digits = oneIn(random, ODD) ? oneOf(random, words.ODD_SIZES).replace('#', size) : size;
  const extension = oneIn(random, 4) ? mostly(random, words.EXTENSIONS, words.ODD_EXTENSIONS, ODD / 6) : '';
  return `${oneIn(random, 4) ? digits.toUpperCase() : digits}${extension}\r\n`;
}

function insert<T>(random: Random, list: T[], item: T): void {
  list.splice(random.below(list.length + 1), 0, item);
}
