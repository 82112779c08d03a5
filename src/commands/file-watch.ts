/**
 * commands/file-watch.ts: detects changes of a file by calling stat on its path twice a second. Editors and deployments
 * replace files, links and whole directories, which file events do not report reliably, and some file systems have
 * none.
 */
import { signatureOf } from '../config/file-signature.js';

const LOOK_MS = 500;

export class FileWatch {
  readonly #path: string;
  readonly #onChange: () => void;
  /** Signature of the version that was reported last; `undefined` if there was no file. */
  #told: string | undefined;
  /** Signature at the last check. */
  #seen: string | undefined;
  #looking = false;

  /**
   * Begins to watch.
   * @param since result of {@link signatureOf} before the file was read, so that no change is missed
   * @param onChange called when the file has changed and was the same at two checks, so that it is not half written
   */
  constructor(path: string, since: string | undefined, onChange: () => void) {
    this.#path = path;
    this.#onChange = onChange;
    this.#told = since;
    this.#seen = since;
    // Runs until the process ends, and does not keep it running.
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
