/**
 * http2/hpack-encoder.ts: encodes header blocks (RFC 7541). A field goes into the table when it is sent for the second
 * time: what never comes again (identifiers, lengths, validators) would only push out what does.
 */
import { DynamicTable } from './dynamic-table.js';
import { HeaderField } from './header-field.js';
import { encodeHuffman, huffmanLength } from './huffman.js';
import type { OutputBuffer } from './output-buffer.js';
import { FIRST_DYNAMIC, STATIC_FIELDS } from './static-table.js';

/** The largest table that is used, in bytes, however much the peer would keep. */
const MOST_TABLE_BYTES = 4_096;
/** Lines that are remembered as sent once; a power of two. */
const REMEMBERED = 64;
/** A field that takes more than this share of the table is not kept: it would push out too many others. */
const LARGEST_SHARE = 0.25;

/** Names whose values are never kept: who can make a client send requests could guess at them (RFC 7541 section 7.1). */
const SECRETS = new Set(['authorization', 'proxy-authorization', 'cookie', 'set-cookie']);
/** Parts of a name that make its value a secret. */
const SECRET_PARTS = ['token', 'secret', 'passw', 'api-key', 'apikey', 'auth', 'session'];

const STATIC_LINES = new Map<string, number>();
const STATIC_NAMES = new Map<string, number>();
for (const [index, field] of STATIC_FIELDS.entries()) {
  if (field === undefined) continue;
  if (field.value !== '') STATIC_LINES.set(lineOf(field.name, field.value), index);
  if (!STATIC_NAMES.has(field.name)) STATIC_NAMES.set(field.name, index);
}

/** How a literal is written (RFC 7541 section 6.2): the pattern of its first byte, and the bits left for the name's index. */
const INDEXED = { pattern: 0x80, prefix: 0x7f };
const KEPT = { pattern: 0x40, prefix: 0x3f };
const SIZE_UPDATE = { pattern: 0x20, prefix: 0x1f };
const NEVER_KEPT = { pattern: 0x10, prefix: 0x0f };
const NOT_KEPT = { pattern: 0x00, prefix: 0x0f };

interface Entry {
  readonly name: string;
  /** The entry's number, counted from 0 since the connection began. */
  readonly number: number;
}

export class HpackEncoder {
  /** Fields of the current block that would be encoded shorter the next time, since they were new. */
  newFields = 0;
  private readonly out: OutputBuffer;
  private readonly table = new DynamicTable(MOST_TABLE_BYTES);
  /** The entries of the table by their line, oldest first. */
  private readonly lines = new Map<string, Entry>();
  /** The newest entry of each name in the table. */
  private readonly names = new Map<string, number>();
  /** Lines that were sent once, by a hash. */
  private readonly sentOnce = new Array<string>(REMEMBERED).fill('');
  /** The smallest table size that has to be announced, in bytes; -1 for none. */
  private announce = -1;

  /** @param out where blocks are written */
  constructor(out: OutputBuffer) {
    this.out = out;
  }

  /** Fields that have been added to the table so far: it is the same table as long as this is the same number. */
  get version(): number {
    return this.table.added;
  }

  /** The peer has set SETTINGS_HEADER_TABLE_SIZE, in bytes. */
  setLimit(limit: number): void {
    const size = Math.min(limit, MOST_TABLE_BYTES);
    if (size === this.table.limit) return;
    this.announce = this.announce < 0 ? size : Math.min(this.announce, size);
    this.table.resize(size);
    this.forgetGone();
  }

  /** Begins a block. */
  begin(): void {
    this.newFields = 0;
    if (this.announce < 0) return;
    // Of several changes between two blocks the smallest has to be told as well as the last (RFC 7541 section 4.2).
    if (this.announce < this.table.limit) this.integer(SIZE_UPDATE, this.announce);
    this.integer(SIZE_UPDATE, this.table.limit);
    this.announce = -1;
  }

  /** Appends a field. @param name in lower case */
  field(name: string, value: string): void {
    if (isSecret(name)) return this.literal(NEVER_KEPT, name, value);
    const line = lineOf(name, value);
    const fixed = STATIC_LINES.get(line);
    if (fixed !== undefined) return this.integer(INDEXED, fixed);
    const entry = this.lines.get(line);
    if (entry !== undefined) return this.integer(INDEXED, this.indexOf(entry.number));
    if (!this.wasSent(line)) {
      this.newFields += 1;
      return this.literal(NOT_KEPT, name, value);
    }
    this.literal(KEPT, name, value);
    this.keep(line, new HeaderField(name, value));
  }

  /** Appends a field that no table on the way may keep. @param name in lower case */
  secretField(name: string, value: string): void {
    this.literal(NEVER_KEPT, name, value);
  }

  /** Whether a line has been sent before and is worth an entry; remembers it otherwise. */
  private wasSent(line: string): boolean {
    const slot = slotOf(line);
    if (this.sentOnce[slot] === line) return line.length < this.table.limit * LARGEST_SHARE;
    this.sentOnce[slot] = line;
    return false;
  }

  private keep(line: string, field: HeaderField): void {
    const number = this.table.added;
    this.table.add(field);
    if (this.table.added === number) return this.forgetGone();
    this.lines.set(line, { name: field.name, number });
    this.names.set(field.name, number);
    this.forgetGone();
  }

  /** Forgets the entries that have made room. The map is in the order of their ages. */
  private forgetGone(): void {
    const oldest = this.table.added - this.table.count;
    for (const [line, { name, number }] of this.lines) {
      if (number >= oldest) return;
      this.lines.delete(line);
      if (this.names.get(name) === number) this.names.delete(name);
    }
  }

  private indexOf(number: number): number {
    return FIRST_DYNAMIC + this.table.added - 1 - number;
  }

  private literal(form: typeof KEPT, name: string, value: string): void {
    const fixed = STATIC_NAMES.get(name);
    const number = fixed === undefined ? this.names.get(name) : undefined;
    if (fixed !== undefined) this.integer(form, fixed);
    else if (number !== undefined) this.integer(form, this.indexOf(number));
    else {
      this.integer(form, 0);
      this.text(name);
    }
    this.text(value);
  }

  /** Appends an integer (RFC 7541 section 5.1). */
  private integer({ pattern, prefix }: typeof KEPT, value: number): void {
    const { out } = this;
    if (value < prefix) return out.byte(pattern | value);
    out.byte(pattern | prefix);
    let rest = value - prefix;
    for (; rest >= 0x80; rest >>>= 7) out.byte((rest & 0x7f) | 0x80);
    out.byte(rest);
  }

  /** Appends a text (RFC 7541 section 5.2), in Huffman code where that is shorter. */
  private text(text: string): void {
    const { out } = this;
    const coded = huffmanLength(text);
    if (coded >= text.length) {
      this.integer({ pattern: 0, prefix: 0x7f }, text.length);
      return out.text(text);
    }
    this.integer({ pattern: 0x80, prefix: 0x7f }, coded);
    out.reserve(coded);
    out.length = encodeHuffman(text, out.bytes, out.length);
  }
}

function isSecret(name: string): boolean {
  if (SECRETS.has(name)) return true;
  if (STATIC_NAMES.has(name)) return false;
  return SECRET_PARTS.some((part) => name.includes(part));
}

function lineOf(name: string, value: string): string {
  return `${name}:${value}`;
}

/** A hash of a few characters of a line: where it differs from others of its length is mostly near its end. */
function slotOf(line: string): number {
  const { length } = line;
  const mixed =
    length * 31 + line.charCodeAt(0) * 7 + line.charCodeAt(length >> 1) * 13 + line.charCodeAt(length - 1) * 17;
  return (mixed + line.charCodeAt(length - 2) * 5) & (REMEMBERED - 1);
}
