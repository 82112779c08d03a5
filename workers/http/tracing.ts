/**
 * workers/http/tracing.ts: the trace that each request belongs to. A request with a valid `traceparent` keeps that and
 * its `tracestate`, byte for byte; for any other request a trace begins here.
 */
import { randomBytes } from 'node:crypto';
import type { Config } from '../../src/config/schema.js';
import { systemRandom } from '../../src/core/random.js';
import { OTHER } from '../../src/http1/field-kind.js';
import { findField } from '../../src/http1/find-field.js';
import type { Edits } from '../../src/http1/forward-request.js';
import type { RequestHead } from '../../src/http1/request-head.js';
import { traceIdOf, traceparentOf } from '../../src/http1/traceparent.js';

const FIELD = 'traceparent';
/** The fields that a new trace replaces: without its parent a state means nothing (W3C Trace Context section 4.3). */
const REPLACED = [FIELD, 'tracestate'];
const TRACE_DIGITS = 32;
const PARENT_DIGITS = 16;

/** The trace of one request. */
export interface Trace {
  /** 32 hexadecimal digits. */
  readonly id: string;
  /** The field line to send in addition, with its CRLF; '' when the request has its own. */
  readonly line: string;
}

export class Tracing {
  private readonly sample: number;

  /** @param sample the share of the traces begun here that is to be recorded */
  constructor({ sample }: NonNullable<Config['tracing']>) {
    this.sample = sample;
  }

  /** @returns the request's trace, or a new one; marks the fields that a new one replaces */
  traceOf(head: RequestHead): Trace {
    const id = ownTrace(head);
    if (id !== undefined) return { id, line: '' };
    head.fields.nominate(REPLACED);
    const digits = randomBytes((TRACE_DIGITS + PARENT_DIGITS) / 2).toString('hex');
    const traceId = digits.slice(0, TRACE_DIGITS);
    const sampled = systemRandom.next() < this.sample;
    return { id: traceId, line: `${FIELD}: ${traceparentOf(traceId, digits.slice(TRACE_DIGITS), sampled)}\r\n` };
  }
}

/** @returns the id of the trace that the request's only `traceparent` names; `undefined` if there is no valid one */
function ownTrace({ fields }: RequestHead): string | undefined {
  const index = findField(fields, FIELD);
  if (index < 0 || fields.kind(index) !== OTHER || findField(fields, FIELD, index + 1) >= 0) return undefined;
  return traceIdOf(fields.text.slice(fields.valueAt(index), fields.valueEnd(index)));
}

/** @returns `edits` with the trace's field line added, if it has one */
export function withTrace(edits: Edits | undefined, trace: Trace | undefined): Edits | undefined {
  if (trace === undefined || trace.line === '') return edits;
  return { target: '', host: '', ...edits, added: (edits?.added ?? '') + trace.line };
}
