/** http2/header-field.ts: a field of a header block, which may stay in a table and be referred to again. */

/** What HPACK adds to the lengths of name and value, for the memory that an entry takes (RFC 7541 section 4.1). */
const ENTRY_OVERHEAD = 32;

export class HeaderField {
  /** Latin1, one byte a character. */
  readonly name: string;
  /** Latin1, one byte a character. */
  readonly value: string;
  /**
   * What {@link FieldChecker} has found out about the field. It is kept here, since a field in a table is met with each
   * request; `undefined` before the first look.
   */
  checked: CheckedField | undefined = undefined;

  constructor(name: string, value: string) {
    this.name = name;
    this.value = value;
  }

  /** Bytes that the field counts for in a table and in a header list. */
  get size(): number {
    return this.name.length + this.value.length + ENTRY_OVERHEAD;
  }
}

/** What is known of a field once it was checked against RFC 9113 section 8.2. */
export interface CheckedField {
  /** The rule that the field breaks; '' if it breaks none. */
  readonly flaw: string;
  /** The field's kind, as in `http1/field-kind.ts`. */
  readonly kind: number;
  /** The field as a line of an HTTP/1.1 head, with its CRLF. */
  readonly line: string;
}
