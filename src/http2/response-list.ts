/**
 * http2/response-list.ts: makes a response head of a header list (RFC 9113 section 8.3.2), with the text that the same
 * response has in HTTP/1.1. Backends are trusted no more than clients.
 */
import { STATUS_CODES } from 'node:http';
import { RESPONSE_FAULTS } from '../http1/fault.js';
import { CONTENT_LENGTH, OTHER, TRANSFER_ENCODING } from '../http1/field-kind.js';
import type { HeadLimits } from '../http1/limits.js';
import {
  finishResponseHead,
  type ResponseContext,
  ResponseHead,
  readResponseField,
  resetResponseHead,
} from '../http1/response-head.js';
import { checkField } from './field-check.js';
import type { HeaderField } from './header-field.js';
import type { FieldTaker } from './hpack-decoder.js';

const COLON = 0x3a;

export class ResponseListReader implements FieldTaker {
  /** The response, once {@link finish} has returned ''. */
  readonly head = new ResponseHead();
  private readonly limits: HeadLimits;
  private status = 0;
  private text = '';
  private inFields = false;
  private flaw = '';

  constructor(limits: HeadLimits) {
    this.limits = limits;
  }

  /** Begins another list. */
  begin(): void {
    this.status = 0;
    this.text = '';
    this.inFields = false;
    this.flaw = '';
    resetResponseHead(this.head);
    this.head.fields.reset('', 0);
  }

  field(field: HeaderField): void {
    if (this.flaw !== '') return;
    if (field.name.charCodeAt(0) === COLON) return this.readStatus(field);
    if (!this.inFields) this.writeStatusLine();
    if (this.flaw === '') this.readField(field);
  }

  /**
   * Ends the list.
   * @param request the request that the response answers
   * @param endsStream whether the response has no body, nor trailers
   * @returns the rule that the list breaks; '' for none
   */
  finish(request: ResponseContext, endsStream: boolean): string {
    if (!this.inFields) this.writeStatusLine();
    if (this.flaw === '') this.complete(request, endsStream);
    return this.flaw;
  }

  private readStatus({ name, value }: HeaderField): void {
    if (this.inFields) return this.malformed('a pseudo-header behind a field');
    if (name !== ':status') return this.malformed('an unknown pseudo-header');
    if (this.status !== 0) return this.malformed('two :status');
    // RFC 9113 section 8.6: there is no 101 in HTTP/2.
    if (!/^[1-5]\d\d$/.test(value) || value === '101') return this.malformed('no valid :status');
    this.status = Number(value);
  }

  private writeStatusLine(): void {
    this.inFields = true;
    if (this.status === 0) return this.malformed('no valid :status');
    this.head.status = this.status;
    this.text = `HTTP/1.1 ${this.status} ${STATUS_CODES[this.status] ?? ''}\r\n`;
    this.head.fields.start = this.text.length;
  }

  private readField(field: HeaderField): void {
    const { flaw, kind, line } = checkField(field);
    if (flaw !== '') return this.malformed(flaw);
    const valueAt = field.name.length + 2;
    const valueEnd = valueAt + field.value.length;
    const fault = kind === OTHER ? undefined : readResponseField(this.head, kind, line, valueAt, valueEnd);
    if (fault !== undefined) return this.malformed(fault.reason);
    this.append(kind, field.name, field.value, line);
  }

  private append(kind: number, name: string, value: string, line: string): void {
    const { fields } = this.head;
    if (fields.count === this.limits.fields) return this.malformed(RESPONSE_FAULTS.tooManyFields.reason);
    const nameAt = this.text.length;
    const colonAt = nameAt + name.length;
    fields.add(kind, nameAt, colonAt, colonAt + 2, colonAt + 2 + value.length);
    this.text += line;
    if (this.text.length > this.limits.headBytes) this.malformed(RESPONSE_FAULTS.tooLarge.reason);
  }

  private complete(request: ResponseContext, endsStream: boolean): void {
    const { fields, status } = this.head;
    if (status < 200 && endsStream) return this.malformed('an interim response that ends the stream');
    const mayHaveBody = status >= 200 && !request.isHead && status !== 204 && status !== 304;
    if (mayHaveBody && fields.contentLength < 0) this.frame(endsStream);
    else if (mayHaveBody && endsStream && fields.contentLength > 0) this.malformed('a content-length and no content');
    if (this.flaw !== '') return;
    fields.end = this.text.length;
    fields.text = `${this.text}\r\n`;
    const result = finishResponseHead(fields.text.length, request, this.head);
    if (typeof result === 'object') this.malformed(result.reason);
  }

  /** Says in the words of HTTP/1.1 how a body without a length ends: in chunks, or at once. */
  private frame(endsStream: boolean): void {
    const { fields } = this.head;
    if (endsStream) {
      fields.contentLength = 0;
      return this.append(CONTENT_LENGTH, 'Content-Length', '0', 'Content-Length: 0\r\n');
    }
    fields.chunked = true;
    this.append(TRANSFER_ENCODING, 'Transfer-Encoding', 'chunked', 'Transfer-Encoding: chunked\r\n');
  }

  private malformed(flaw: string): void {
    if (this.flaw === '') this.flaw = flaw;
  }
}
