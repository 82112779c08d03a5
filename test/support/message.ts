/** test/support/message.ts: HTTP/1 messages as tests look at them; they are read by the strict reader of the benches. */
import { type ReadMessage, valuesOf } from '../../bench/http/message.js';

export type Message = ReadMessage;

/** @returns the value of the only field of that name, any case; all of them joined when there are several */
export function field({ fields }: Message, name: string): string | undefined {
  const values = valuesOf(fields, name);
  return values.length === 0 ? undefined : values.join(' | ');
}
