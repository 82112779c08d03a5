/** test/conformance/cases/index.ts: the whole suite, topic by topic. */
import type { Case, Topic } from '../case.js';
import { CHUNKED } from './chunks.js';
import { CONTENT_LENGTH } from './content-length.js';
import { EXPECT, UPGRADE } from './expect-upgrade.js';
import { FIELD_LINES } from './field-lines.js';
import { HOP_BY_HOP } from './hop-by-hop.js';
import { HOSTS } from './host.js';
import { INTERIM } from './interim.js';
import { LIMITS } from './limits.js';
import { PIPELINING } from './pipelining.js';
import { EARLY, POISONING, RETRIES } from './poisoning.js';
import { PRESERVED } from './preserved.js';
import { REQUEST_LINE } from './request-line.js';
import { RESPONSE_FRAMING } from './response-framing.js';
import { RESPONSE_HEAD } from './response-head.js';
import { TRANSFER_ENCODING } from './transfer-encoding.js';

export const TOPICS: readonly Topic[] = [
  CONTENT_LENGTH,
  TRANSFER_ENCODING,
  CHUNKED,
  FIELD_LINES,
  REQUEST_LINE,
  HOSTS,
  LIMITS,
  PIPELINING,
  HOP_BY_HOP,
  PRESERVED,
  EXPECT,
  UPGRADE,
  RESPONSE_HEAD,
  RESPONSE_FRAMING,
  INTERIM,
  EARLY,
  POISONING,
  RETRIES,
];

export const CASES: readonly Case[] = TOPICS.flatMap(({ cases }) => cases);

const ABOUT = new Map(TOPICS.flatMap(({ about, cases }) => cases.map((test) => [test.id, test.about ?? about])));

/** What is at stake in `test`. */
export function aboutOf({ id }: Case): Topic['about'] {
  return ABOUT.get(id) ?? 'safety';
}
