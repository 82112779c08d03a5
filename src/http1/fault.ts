/**
 * http1/fault.ts: why a message was refused. Faults are made once and shared, so a flood of bad heads allocates
 * nothing and a reason can label a counter.
 */

/** Why a head or a chunked body was refused. */
export interface Fault {
  /** What the client is answered; everything wrong with a backend's response is 502. */
  readonly status: 400 | 405 | 414 | 431 | 501 | 505 | 502;
  /** A short kebab-case word for counters and logs. */
  readonly reason: string;
  /** One plain sentence for the body of the answer. It never quotes the message. */
  readonly detail: string;
}

/** `incomplete`: nothing is wrong so far; parse again, from the start, when more has arrived. */
export type HeadResult = 'complete' | 'incomplete' | Fault;

export function refuse(status: Fault['status'], reason: string, detail: string): Fault {
  return Object.freeze({ status, reason, detail });
}

/** The faults that requests and responses have in common. */
export type SharedFaults = ReturnType<typeof sharedFaults>;

export const REQUEST_FAULTS = sharedFaults('request', 400, 431);
export const RESPONSE_FAULTS = sharedFaults('response', 502, 502);

function sharedFaults(message: 'request' | 'response', bad: 400 | 502, large: 431 | 502) {
  const the = (reason: string, rest: string): Fault => refuse(bad, reason, `The ${message} ${rest}`);
  return Object.freeze({
    bareLf: the('bare-lf', 'has a line that ends in LF without CR.'),
    bareCr: the('bare-cr', 'has a CR that no LF follows.'),
    badByte: the('bad-byte', 'has a control character in a field value.'),
    lineFolding: the('line-folding', 'continues a field on a second line.'),
    emptyName: the('bad-field-name', 'has a field without a name.'),
    spaceBeforeColon: the('space-before-colon', 'has white space between a field name and its colon.'),
    badName: the('bad-field-name', 'has a field name with a character that is not allowed.'),
    badLength: the('bad-content-length', 'has a Content-Length that is not one plain decimal number.'),
    repeatedLength: the('repeated-content-length', 'has more than one Content-Length.'),
    badCoding: the('bad-transfer-encoding', 'has a Transfer-Encoding other than chunked.'),
    repeatedCoding: the('repeated-transfer-encoding', 'has more than one Transfer-Encoding.'),
    codingInOldVersion: the('transfer-encoding-in-1.0', 'is HTTP/1.0 and has a Transfer-Encoding.'),
    lengthAndCoding: the('length-and-encoding', 'has both a Content-Length and a Transfer-Encoding.'),
    badConnection: the('bad-connection', 'names too many connection options.'),
    tooManyFields: refuse(large, 'too-many-fields', `The ${message} has too many fields.`),
    tooLarge: refuse(large, 'head-too-large', `The head of the ${message} is too large.`),
  });
}
