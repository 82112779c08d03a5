/** control/patience.ts: waits for work that may take long, but not longer than a start or a reload should take. */

/** How long a start waits for names and first verdicts, in milliseconds; both go on in the background. */
const PATIENCE_MS = 1_000;

/** Settles with `work`, or after {@link PATIENCE_MS}; `work` then goes on in the background. */
export async function withinPatience(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS);
  });
  await Promise.race([work, over]);
  clearTimeout(timer);
}
