/** support/milliseconds.ts: configured durations for tests that build part of a configuration by hand. */
import { duration } from '../../src/config/values.js';
import type { Milliseconds } from '../../src/core/milliseconds.js';

/** @param value whole milliseconds, 0 to 24 hours; parsed by the schema, as every configured duration is */
export function milliseconds(value: number): Milliseconds {
  return duration.parse(value);
}
