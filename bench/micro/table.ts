/** bench/micro/table.ts: the table that a micro bench passes from its process to the bench. */
import * as z from 'zod';

export const microTableSchema = z.object({
  columns: z.array(z.object({ title: z.string(), digits: z.int() })),
  /** One value per column; `null` where the system does not provide it. */
  rows: z.array(z.object({ name: z.string(), values: z.array(z.number().nullable()) })),
});
export type MicroTable = z.infer<typeof microTableSchema>;

/** @returns one column for each pool size, with `digits` decimals */
export function sizeColumns(sizes: readonly number[], digits: number): MicroTable['columns'] {
  return sizes.map((size) => ({ title: `${size} backends`, digits }));
}

/** @param stepsFor nanoseconds of each step, in the order of `names`, for one pool size */
export function tableOfSteps(
  names: readonly string[],
  sizes: readonly number[],
  stepsFor: (size: number) => readonly number[],
): MicroTable {
  const bySize = sizes.map(stepsFor);
  const rows = names.map((name, step) => ({ name, values: bySize.map((steps) => steps[step] ?? Number.NaN) }));
  return { columns: sizeColumns(sizes, 0), rows };
}
