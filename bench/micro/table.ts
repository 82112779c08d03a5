/** bench/micro/table.ts: the table that a micro bench passes from its process to the bench. */
import * as z from 'zod';

export const microTableSchema = z.object({
  columns: z.array(z.object({ title: z.string(), digits: z.int() })),
  /** One value per column; `null` where the system does not provide it. */
  rows: z.array(z.object({ name: z.string(), values: z.array(z.number().nullable()) })),
});
export type MicroTable = z.infer<typeof microTableSchema>;

/** @returns one column for each pool size */
export function sizeColumns(sizes: readonly number[], digits: number): MicroTable['columns'] {
  return sizes.map((size) => ({ title: `${size} backends`, digits }));
}
