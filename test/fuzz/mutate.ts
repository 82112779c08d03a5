/** test/fuzz/mutate.ts: what goes wrong with messages: fields moved, repeated or lost, and bytes changed. */
import type { Random } from '../../src/core/random.js';
import { mostly, oneIn, oneOf } from './chance.js';
import type { Draft, DraftInput } from './grammar.js';
import type { Input } from './message.js';
import { FRAMING_TRICKS, ODD_FIELDS, SPLINTERS } from './vocabulary.js';

const LINE_ENDS = ['\r\n'] as const;
const ODD_LINE_ENDS = ['\n', '\r', '\r\r\n', '\r\n ', '\n\r', ' \r\n', '\r\n\r\n', ''] as const;
/** How seldom a line end is an odd one. */
const ODD_END = 160;
const MOST_SPLINTERS = 3;

/** Writes a draft down as bytes, after and before some accidents. */
export function render(random: Random, { drafts, ...input }: DraftInput): Input {
  for (const draft of drafts) if (oneIn(random, 4)) disturbFields(random, draft);
  const front = oneIn(random, 12) ? oneOf(random, ['\r\n', '\r\n', '\n', '\r\n\r\n', ' ', '\r']) : '';
  const text = front + drafts.map((draft) => written(random, draft)).join('');
  return { ...input, text: oneIn(random, 2) ? disturbBytes(random, text) : text };
}

/** @returns `text` with one to a few bytes not as they were */
export function disturbBytes(random: Random, text: string): string {
  let disturbed = text;
  for (let count = 1 + random.below(MOST_SPLINTERS); count > 0; count--) disturbed = disturbOnce(random, disturbed);
  return disturbed;
}

function written(random: Random, { line, fields, body }: Draft): string {
  const end = (): string => mostly<string>(random, LINE_ENDS, ODD_LINE_ENDS, ODD_END);
  return `${[line, ...fields].map((each) => each + end()).join('')}${end()}${body}`;
}

function disturbFields(random: Random, { fields }: Draft): void {
  const at = random.below(fields.length + 1);
  const field = fields[at] ?? 'X: y';
  switch (random.below(6)) {
    case 0:
      fields.splice(at, 1);
      return;
    case 1:
      fields.push(field);
      return;
    case 2:
      fields.splice(at, 1, oneIn(random, 2) ? field.toUpperCase() : field.toLowerCase());
      return;
    case 3:
      fields.splice(at, 0, oneOf(random, FRAMING_TRICKS).replace('#', `${random.below(30)}`));
      return;
    case 4:
      fields.splice(at, 0, oneOf(random, ODD_FIELDS));
      return;
    default:
      fields.splice(0, 0, ...fields.splice(at, 1));
  }
}

function disturbOnce(random: Random, text: string): string {
  const at = random.below(text.length + 1);
  const [before, after] = [text.slice(0, at), text.slice(at)];
  switch (random.below(8)) {
    case 0:
      return before + flipped(random, after) + after.slice(1);
    case 1:
      return before + after.slice(1);
    case 2:
      return before + after.slice(random.below(20));
    case 3:
      return before + after.slice(0, random.below(20)) + after;
    case 4:
      return before;
    case 5:
      return before + oneOf(random, SPLINTERS) + after.slice(1);
    default:
      return before + oneOf(random, SPLINTERS) + after;
  }
}

function flipped(random: Random, text: string): string {
  return text === '' ? '' : String.fromCharCode(text.charCodeAt(0) ^ (1 << random.below(8)));
}
