/**
 * http1/fault.ts: the faults for which a message is refused. They are constants, so that a flood of bad heads allocates
 * nothing and a reason can be the label of a counter.
 */

/** Why a head or a chunked body was refused. */
export interface Fault {
  /** Status with which the client is answered; always 502 for a fault in a backend's response. */
  readonly status: 400 | 405 | 414 | 431 | 501 | 505 | 502;
  /** Code for counters and logs, in kebab case. */
  readonly reason: string;
  /** One sentence for the body of the answer. It never quotes the message. */
  readonly detail: string;
}

/** Result of parsing a head. `incomplete`: no fault so far; parse again from the start when more bytes have arrived. */
export type HeadResult = 'complete' | 'incomplete' | Fault;

/** @returns a {@link Fault}, frozen since it is shared by all messages that have it */
export function refuse(status: Fault['status'], reason: string, detail: string): Fault {
  return Object.freeze({ status, reason, detail });
}

/** The faults that a request and a response can both have. */
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
