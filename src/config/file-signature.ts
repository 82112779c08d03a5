/** config/file-signature.ts: tells whether a file is another one than before, without reading it. */
import { stat } from 'node:fs/promises';

/** @returns a text that differs after any change of the file; `undefined` if there is no such file */
export async function signatureOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join();
  } catch {
    return undefined;
  }
}
