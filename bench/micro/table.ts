/** bench/micro/table.ts: what a micro bench measures, on its way from its own process to the bench. */
import * as z from 'zod';

export const microTableSchema = z.object({
  columns: z.array(z.object({ title: z.string(), digits: z.int() })),
  /** A value per column; `null` where the system does not tell. */
  rows: z.array(z.object({ name: z.string(), values: z.array(z.number().nullable()) })),
});
export type MicroTable = z.infer<typeof microTableSchema>;

/** @returns a title for each pool size, for figures with `digits` decimals */
export function sizeColumns(sizes: readonly number[], digits: number): MicroTable['columns'] {
  return sizes.map((size) => ({ title: `${size} backends`, digits }));
}
