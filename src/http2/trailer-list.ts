/** http2/trailer-list.ts: makes trailer field lines of a header list behind a body (RFC 9113 section 8.1). */
import { OTHER } from '../http1/field-kind.js';
import type { HeadLimits } from '../http1/limits.js';
import { checkField } from './field-check.js';
import type { HeaderField } from './header-field.js';
import type { FieldTaker } from './hpack-decoder.js';

const COLON = 0x3a;

export class TrailerListReader implements FieldTaker {
  /** The field lines, each with its CRLF. */
  lines = '';
  /** The rule that the list breaks; '' for none. */
  flaw = '';
  private readonly limits: HeadLimits;
  private count = 0;

  constructor(limits: HeadLimits) {
    this.limits = limits;
  }

  field(field: HeaderField): void {
    if (this.flaw !== '') return;
    if (field.name.charCodeAt(0) === COLON) return this.malformed('a pseudo-header in trailers');
    const { flaw, kind, line } = checkField(field);
    if (flaw !== '') return this.malformed(flaw);
    // RFC 9110 section 6.5.1: what frames or routes a message means nothing behind it, and could mislead who merges it.
    if (kind !== OTHER) return;
    this.count += 1;
    this.lines += line;
    if (this.count > this.limits.fields || this.lines.length > this.limits.headBytes) {
      this.malformed('trailers that are too large');
    }
  }

  private malformed(flaw: string): void {
    this.flaw = flaw;
    this.lines = '';
  }
}
