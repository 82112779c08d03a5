/** http2/dynamic-table.ts: the fields that one direction of a connection has added, newest first (RFC 7541 section 2.3.2). */
import type { HeaderField } from './header-field.js';

/** The smallest entry, in bytes: an empty name and an empty value. */
const SMALLEST = 32;

export class DynamicTable {
  /** Bytes that the entries take. */
  size = 0;
  /** Bytes that they may take. */
  limit: number;
  /** Entries that there are. */
  count = 0;
  /** Entries that there have been, also those that are gone. */
  added = 0;
  /** A ring: entry number n, counted from 0 since the connection began, is at `n & mask`. */
  private ring: (HeaderField | undefined)[];
  private mask: number;

  /** @param limit in bytes */
  constructor(limit: number) {
    this.limit = limit;
    this.mask = slotsFor(limit) - 1;
    this.ring = new Array<HeaderField | undefined>(this.mask + 1).fill(undefined);
  }

  /** @param age 0 for the newest entry */
  at(age: number): HeaderField | undefined {
    return age < this.count ? this.ring[(this.added - 1 - age) & this.mask] : undefined;
  }

  /** Adds a field; the oldest make room. One that is larger than the table empties it (RFC 7541 section 4.4). */
  add(field: HeaderField): void {
    const { size } = field;
    this.shrinkTo(this.limit - size);
    if (size > this.limit) return;
    this.ring[this.added & this.mask] = field;
    this.added += 1;
    this.count += 1;
    this.size += size;
  }

  /** Sets another limit, in bytes; the oldest entries go until the others fit. */
  resize(limit: number): void {
    this.shrinkTo(limit);
    this.limit = limit;
    const slots = slotsFor(limit);
    if (slots <= this.mask + 1) return;
    const wider = new Array<HeaderField | undefined>(slots).fill(undefined);
    for (let age = 0; age < this.count; age++) wider[(this.added - 1 - age) & (slots - 1)] = this.at(age);
    this.ring = wider;
    this.mask = slots - 1;
  }

  private shrinkTo(bytes: number): void {
    while (this.count > 0 && this.size > bytes) {
      const oldest = (this.added - this.count) & this.mask;
      this.size -= this.ring[oldest]?.size ?? 0;
      this.ring[oldest] = undefined;
      this.count -= 1;
    }
  }
}

/** @returns a power of two that is at least the most entries that fit into `limit` bytes */
function slotsFor(limit: number): number {
  let slots = 1;
  while (slots < limit / SMALLEST) slots *= 2;
  return slots;
}
