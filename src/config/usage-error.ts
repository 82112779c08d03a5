/** config/usage-error.ts: the error for wrong flags, arguments or variables; nothing has been started. */

/** Wrong usage. The message is a sentence that names the value and the flag, argument or variable. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
