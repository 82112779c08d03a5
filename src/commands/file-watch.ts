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
  readonly #timer: NodeJS.Timeout;
  /** What was told last, and what was seen last; `undefined` while there is no such file. */
  #told: string | undefined;
  #seen: string | undefined;
  #looking = false;

  /** @param onChange called when the file is another than before and has been so for two looks: it may be half written */
  static async start(path: string, onChange: () => void): Promise<FileWatch> {
    return new FileWatch(path, onChange, await signatureOf(path));
  }

  private constructor(path: string, onChange: () => void, signature: string | undefined) {
    this.#path = path;
    this.#onChange = onChange;
    this.#told = signature;
    this.#seen = signature;
    this.#timer = setInterval(() => void this.#look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
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

/** What is another after any change. */
async function signatureOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join();
  } catch {
    return undefined;
  }
}
