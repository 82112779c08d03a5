/** config/usage-error.ts: a person asked for something that cannot be meant; nothing was started. */

/** Wrong usage. The message is one plain sentence that names the value and who said it; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
