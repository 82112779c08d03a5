/**
 * http2/hpack-decoder.ts: decodes header blocks (RFC 7541). It hands over one field after the other and builds no list:
 * whoever takes them bounds what it keeps, and the decoder reads on, so that its table stays in step with the encoder's.
 */
import { DynamicTable } from './dynamic-table.js';
import { HeaderField } from './header-field.js';
import { decodeHuffman } from './huffman.js';
import { FIRST_DYNAMIC, STATIC_FIELDS } from './static-table.js';

/** Gets the fields of a block, in their order. */
export interface FieldTaker {
  /** @param secret the sender wants no table on the way to keep the field (RFC 7541 section 6.2.3) */
  field(field: HeaderField, secret: boolean): void;
}

/** The rule that a block breaks. The connection has to end, since its tables differ from now on. */
export type HpackFlaw =
  | 'integer too large'
  | 'block ends within a field'
  | 'index without an entry'
  | 'bad Huffman code'
  | 'table size update behind a field'
  | 'table size over the limit'
  | 'table size update missing';

/** The most bytes of an integer behind its first one: enough for 28 bits, and nothing that a peer sends is larger. */
const INTEGER_BYTES = 4;
/** Table size updates that a block may begin with (RFC 7541 section 4.2). */
const MOST_UPDATES = 2;

export class HpackDecoder {
  private readonly table: DynamicTable;
  /** The largest table that the encoder may use, in bytes: SETTINGS_HEADER_TABLE_SIZE as the peer has acknowledged it. */
  private limit: number;
  /** The encoder has to begin the next block with a smaller table size. */
  private mustShrink = false;
  /** Text that was decoded from a Huffman code. */
  private scratch = Buffer.alloc(0);

  // Of the block that is being read:
  private block: Buffer = this.scratch;
  private at = 0;
  private end = 0;
  private flaw: HpackFlaw | undefined;

  /** @param limit bytes that the table may take, 4,096 unless the settings say otherwise */
  constructor(limit: number) {
    this.limit = limit;
    this.table = new DynamicTable(limit);
  }

  /** The peer has acknowledged another SETTINGS_HEADER_TABLE_SIZE, in bytes. */
  setLimit(limit: number): void {
    if (limit < this.table.limit) this.mustShrink = true;
    this.limit = limit;
  }

  /**
   * Decodes the block in `bytes[from, to)`.
   * @returns what is wrong with it; the fields in front of that have been handed over
   */
  decode(bytes: Buffer, from: number, to: number, taker: FieldTaker): HpackFlaw | undefined {
    this.block = bytes;
    this.at = from;
    this.end = to;
    this.flaw = undefined;
    this.readSizeUpdates();
    while (this.at < to && this.flaw === undefined) this.readField(taker);
    return this.flaw;
  }

  /** Reads the size updates that a block may begin with (RFC 7541 section 6.3). */
  private readSizeUpdates(): void {
    for (let updates = 0; this.at < this.end && ((this.block[this.at] ?? 0) & 0xe0) === 0x20; updates++) {
      if (updates === MOST_UPDATES) return this.fail('table size update behind a field');
      const size = this.readInteger(0x1f);
      if (this.flaw !== undefined) return;
      if (size > this.limit) return this.fail('table size over the limit');
      this.table.resize(size);
      this.mustShrink = false;
    }
    if (this.mustShrink && this.table.limit > this.limit) this.fail('table size update missing');
  }

  private readField(taker: FieldTaker): void {
    const first = this.block[this.at] ?? 0;
    if (first >= 0x80) {
      const field = this.entry(this.readInteger(0x7f));
      if (field !== undefined && this.flaw === undefined) taker.field(field, false);
      return;
    }
    if (first >= 0x40) {
      const field = this.readLiteral(0x3f);
      if (field === undefined) return;
      this.table.add(field);
      return taker.field(field, false);
    }
    if (first >= 0x20) return this.fail('table size update behind a field');
    const field = this.readLiteral(0x0f);
    if (field !== undefined) taker.field(field, first >= 0x10);
  }

  /** Reads a field whose value, and perhaps name, is spelt out. @param prefix the bits of its first byte that are an index */
  private readLiteral(prefix: number): HeaderField | undefined {
    const index = this.readInteger(prefix);
    if (this.flaw !== undefined) return undefined;
    const name = index === 0 ? this.readText() : this.entry(index)?.name;
    const value = this.flaw === undefined ? this.readText() : undefined;
    if (name === undefined || value === undefined || this.flaw !== undefined) return undefined;
    return new HeaderField(name, value);
  }

  private entry(index: number): HeaderField | undefined {
    const field = index < FIRST_DYNAMIC ? STATIC_FIELDS[index] : this.table.at(index - FIRST_DYNAMIC);
    if (field === undefined && this.flaw === undefined) this.fail('index without an entry');
    return field;
  }

  /** Reads an integer (RFC 7541 section 5.1). @param prefix the bits of its first byte that belong to it */
  private readInteger(prefix: number): number {
    const { block, end } = this;
    let value = (block[this.at++] ?? 0) & prefix;
    if (value < prefix) return value;
    for (let i = 0; i < INTEGER_BYTES; i++) {
      if (this.at >= end) {
        this.fail('block ends within a field');
        return 0;
      }
      const byte = block[this.at++] ?? 0;
      value += (byte & 0x7f) << (7 * i);
      if (byte < 0x80) return value;
    }
    this.fail('integer too large');
    return 0;
  }

  /** Reads a text (RFC 7541 section 5.2), as latin1. */
  private readText(): string | undefined {
    if (this.at >= this.end) return this.fail('block ends within a field');
    const isCoded = (this.block[this.at] ?? 0) >= 0x80;
    const length = this.readInteger(0x7f);
    if (this.flaw !== undefined) return undefined;
    const from = this.at;
    const to = from + length;
    if (to > this.end) return this.fail('block ends within a field');
    this.at = to;
    return isCoded ? this.decodeText(from, to) : this.block.toString('latin1', from, to);
  }

  private decodeText(from: number, to: number): string | undefined {
    const most = Math.ceil(((to - from) * 8) / 5);
    if (this.scratch.length < most) this.scratch = Buffer.allocUnsafe(Math.max(256, most));
    const length = decodeHuffman(this.block, from, to, this.scratch);
    return length < 0 ? this.fail('bad Huffman code') : this.scratch.toString('latin1', 0, length);
  }

  private fail(flaw: HpackFlaw): undefined {
    this.flaw = flaw;
    return undefined;
  }
}
