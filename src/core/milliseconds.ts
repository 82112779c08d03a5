/**
 * core/milliseconds.ts: the type of a configured duration. Its key (`connect`, `window`, `per`) is the user's and names
 * no unit, so the type does. Only the duration parser of the configuration (`src/config/values.ts`) makes one: a bare
 * number, of seconds perhaps, does not compile in its place. It is a number wherever one is read.
 */
import type * as z from 'zod';

export type Milliseconds = number & z.$brand<'Milliseconds'>;
