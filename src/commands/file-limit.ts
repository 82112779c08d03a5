/** commands/file-limit.ts: the sentence for a process that may open too few files. Imports nothing, so it can be loaded. */

/** @returns the sentence for an error of a limit of open files; `undefined` for any other */
export function fileLimitSentence(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EMFILE')
    return 'this process may open too few files; raise its limit ("ulimit -n"), 1024 is enough to start';
  return code === 'ENFILE' ? 'this host has too many files open; no process can open another' : undefined;
}
