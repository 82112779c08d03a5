/**
 * commands/file-watch.ts: tells when a file has changed. It looks at what the path leads to, twice a second: editors and
 * deployments replace files, links and whole directories, which events about one of them do not tell, and some file
 * systems have no events.
 */
import { stat } from 'node:fs/promises';

const LOOK_MS = 500;

export class FileWatch {
  readonly #path: string;
  readonly #onChange: () => void;
  /** What was told last, and what was seen last; `undefined` while there is no such file. */
  #told: string | undefined;
  #seen: string | undefined;
  #looking = false;

  /**
   * @param since what {@link signatureOf} said before the file was read, so that no change is missed
   * @param onChange called when the file is another than before and has been so for two looks: it may be half written
   */
  constructor(path: string, since: string | undefined, onChange: () => void) {
    this.#path = path;
    this.#onChange = onChange;
    this.#told = since;
    this.#seen = since;
    // For as long as the process lives, which it does not lengthen.
    setInterval(() => void this.#look(), LOOK_MS).unref();
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const signature = await signatureOf(this.#path);
    this.#looking = false;
    const isSettled = signature === this.#seen;
    this.#seen = signature;
    if (!isSettled || signature === undefined || signature === this.#told) return;
    this.#told = signature;
    this.#onChange();
  }
}

/** @returns what is another after any change; `undefined` while there is no such file */
export async function signatureOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join();
  } catch {
    return undefined;
  }
}
