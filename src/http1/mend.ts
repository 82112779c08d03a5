/**
 * http1/mend.ts: mends heads that break a rule which the configuration relaxes (`http.lenient`). It is asked only about a
 * head that the strict parser has refused, and what it gives is parsed strictly again: there is no second parser that
 * could be more lenient than its rules, and what is forwarded, logged and routed by is the mended text.
 *
 * It changes no framing: of requests only the target is touched, of responses a field that frames keeps its value, and a
 * line that could be taken for one is not mended.
 */
import { isUtf8 } from 'node:buffer';
import type { LenientRule } from '../core/lenient-rules.js';
import type { Fault } from './fault.js';

/**
 * A text whose head is mended, or `incomplete`: more of it has to come first; `undefined`: the fault stands.
 * {@link Mended.text} is for the strict parser.
 */
export type Mending = Mended | 'incomplete' | undefined;

export interface Mended {
  /** The text with the mended head in front. */
  readonly text: string;
  /** How many characters longer than the text that was given; negative if it is shorter. */
  readonly added: number;
}

/** An empty line, method and space; the target; the space behind it, unless that has not come. */
const REQUEST = /^((?:\r\n)?[!#$%&'*+.^_`|~0-9A-Za-z-]+ )([\x21\x22\x24-\x7e\x80-\xff]+)( ?)/;
const BEYOND_ASCII = /[\x80-\xff]/g;
/** UTF-8 of the control characters U+0080 to U+009F. */
const CONTROL = /\xc2[\x80-\x9f]/;

/**
 * Percent-encodes the raw UTF-8 in a target. What is not UTF-8 is left alone, as is the rest of the head.
 * @param text latin1, from the first byte of the request
 * @param fault why the strict parser has refused it
 * @param most bytes that a head may have
 */
export function mendRequest(text: string, fault: Fault, rules: readonly LenientRule[], most: number): Mending {
  if (fault.reason !== 'bad-target' || !rules.includes('utf8-target')) return undefined;
  const [whole = '', front = '', target = '', space = ''] = REQUEST.exec(text) ?? [];
  if (space === '')
    return target !== '' && whole.length === text.length && whole.length < most ? 'incomplete' : undefined;
  const encoded = encodedTarget(target);
  // A target that it leaves as it is was refused for another reason.
  if (encoded === undefined || encoded === target) return undefined;
  return { text: front + encoded + text.slice(front.length + target.length), added: encoded.length - target.length };
}

/** @returns a target in ASCII, its UTF-8 percent-encoded; `undefined` if its other bytes are not printable UTF-8 */
export function encodedTarget(target: string): string | undefined {
  if (!isUtf8(Buffer.from(target, 'latin1')) || CONTROL.test(target)) return undefined;
  return target.replace(BEYOND_ASCII, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * Mends the head of a response.
 * @param text latin1, from the first byte of the response
 * @param fault why the strict parser has refused it
 * @param most bytes that a head may have
 */
export function mendResponse(text: string, fault: Fault, rules: readonly LenientRule[], most: number): Mending {
  if (rules.length === 0 || !MENDABLE.has(fault.reason)) return undefined;
  const lines = new MendedLines(rules);
  let at = 0;
  for (;;) {
    const lf = text.indexOf('\n', at);
    if (lf < 0 || lf >= most) return text.length < most ? 'incomplete' : undefined;
    const isBare = lf === at || text[lf - 1] !== '\r';
    if (isBare && !rules.includes('response-bare-lf')) return undefined;
    const line = text.slice(at, isBare ? lf : lf - 1);
    at = lf + 1;
    if (line === '') break;
    if (!lines.add(line)) return undefined;
  }
  const head = `${lines.text}\r\n\r\n`;
  return { text: head + text.slice(at), added: head.length - at };
}

/** The faults that can be mended. Which rule a line takes is another matter: `X y: z` has a space before its colon, too. */
const MENDABLE = new Set(['bare-lf', 'line-folding', 'space-before-colon', 'bad-field-name']);
const BLANKS = /^[ \t]+/;
const NAMED = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)([ \t]*):/;
const FRAMES = /^(contentlength|transferencoding)/;

/** The lines of a head, mended one by one. Its work grows with the length of the head, whatever the lines are. */
class MendedLines {
  /** The lines so far, without the end of the last. */
  text = '';
  private readonly rules: readonly LenientRule[];
  /** What a line that begins with white space would continue. */
  private last: 'nothing' | 'status line' | 'field' | 'framing field' | 'left out' = 'nothing';

  constructor(rules: readonly LenientRule[]) {
    this.rules = rules;
  }

  /** Adds a line without its end. @returns whether the rules allow it */
  add(line: string): boolean {
    if (this.last === 'nothing') {
      this.text = line;
      this.last = 'status line';
      return true;
    }
    if (BLANKS.test(line)) return this.rules.includes('response-line-folding') && this.continue(line);
    const [whole, name = '', gap = ''] = NAMED.exec(line) ?? [];
    if (whole === undefined) return this.rules.includes('response-bad-field-name') && this.leaveOut(line);
    if (gap !== '' && !this.rules.includes('response-space-before-colon')) return false;
    this.text += `\r\n${name}:${line.slice(whole.length)}`;
    this.last = looksLikeFraming(name) ? 'framing field' : 'field';
    return true;
  }

  /** Makes a line a part of the field before (RFC 9112 section 5.2). */
  private continue(line: string): boolean {
    const more = line.replace(BLANKS, '');
    // To some a blank line ends the head, and a line behind the status line is a field.
    if (more === '' || looksLikeFraming(more)) return false;
    if (this.last === 'field') this.text += ` ${more}`;
    return this.last === 'field' || this.last === 'left out';
  }

  private leaveOut(line: string): boolean {
    this.last = 'left out';
    return !looksLikeFraming(line);
  }
}

/** Whether some parser could take a line for one that frames the body, or for the beginning of another response. */
function looksLikeFraming(line: string): boolean {
  return line.startsWith('HTTP/') || FRAMES.test(line.replace(/[^A-Za-z]/g, '').toLowerCase());
}
