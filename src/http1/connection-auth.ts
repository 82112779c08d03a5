/**
 * http1/connection-auth.ts: finds responses that begin to authenticate a connection. NTLM and Negotiate (RFC 4559) prove
 * who the client is once, and the server takes everything that follows on the connection for that client's.
 */
import { equalsIgnoringCase, SP } from './characters.js';
import type { HeadFields } from './head-fields.js';
import { elementAt, elementEnd } from './list.js';

const CHALLENGES = ['www-authenticate', 'proxy-authenticate'];
const SCHEMES = ['ntlm', 'negotiate'];

/** Whether a response with these fields asks its client to authenticate the connection. */
export function challengesConnection(fields: HeadFields): boolean {
  const { text } = fields;
  for (let index = 0; index < fields.count; index++) {
    const at = fields.nameAt(index);
    const colon = fields.colonAt(index);
    const isChallenge = CHALLENGES.some((name) => equalsIgnoringCase(text, at, colon, name));
    if (isChallenge && namesScheme(text, fields.valueAt(index), fields.valueEnd(index))) return true;
  }
  return false;
}

/** Whether a list of challenges (RFC 9110 section 11.6.1) has one of {@link SCHEMES}, with a token or without. */
function namesScheme(text: string, from: number, to: number): boolean {
  let end = from;
  for (let at = elementAt(text, from, to); at < to; at = elementAt(text, end, to)) {
    end = elementEnd(text, at, to);
    let wordEnd = at;
    while (wordEnd < end && text.charCodeAt(wordEnd) > SP) wordEnd++;
    if (SCHEMES.some((scheme) => equalsIgnoringCase(text, at, wordEnd, scheme))) return true;
  }
  return false;
}
