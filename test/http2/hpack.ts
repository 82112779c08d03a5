/** test/http2/hpack.ts: what the tests of the header codec share. */
import type { HeaderField } from '../../src/http2/header-field.js';
import type { HpackDecoder, HpackFlaw } from '../../src/http2/hpack-decoder.js';
import { HpackEncoder } from '../../src/http2/hpack-encoder.js';
import { OutputBuffer } from '../../src/http2/output-buffer.js';

export type Pair = readonly [name: string, value: string];

export interface Decoded {
  readonly fields: readonly Pair[];
  /** Indexes of the fields that no table may keep. */
  readonly secrets: readonly number[];
  readonly flaw: HpackFlaw | undefined;
}

export function decode(decoder: HpackDecoder, block: Buffer): Decoded {
  const fields: Pair[] = [];
  const secrets: number[] = [];
  const flaw = decoder.decode(block, 0, block.length, {
    field({ name, value }: HeaderField, secret: boolean) {
      if (secret) secrets.push(fields.length);
      fields.push([name, value]);
    },
  });
  return { fields, secrets, flaw };
}

/** An encoder with its output. */
export class BlockMaker {
  readonly out = new OutputBuffer();
  readonly encoder = new HpackEncoder(this.out);

  make(fields: readonly Pair[]): Buffer {
    this.encoder.begin();
    for (const [name, value] of fields) this.encoder.field(name, value);
    return this.out.take();
  }
}

/** @param text hexadecimal digits with any white space */
export function hex(text: string): Buffer {
  return Buffer.from(text.replace(/\s/g, ''), 'hex');
}
