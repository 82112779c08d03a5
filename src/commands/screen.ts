/** commands/screen.ts: shows a page repeatedly: on a terminal redrawn in place, elsewhere one page below the other. */
import type { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';

export interface Screen {
  /** Time between two pages. */
  readonly everyMs: number;
  /**
   * Shows a page.
   * @param hints lines that are always the same; where pages are not redrawn they are written only once
   */
  show(table: readonly string[], hints?: readonly string[]): void;
}

export function createScreen(stream: WriteStream): Screen {
  return stream.isTTY ? new Terminal(stream) : new Plain(stream);
}

class Plain implements Screen {
  readonly everyMs = 2_000;
  readonly #stream: WriteStream;
  #isFirst = true;

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  show(table: readonly string[], hints: readonly string[] = []): void {
    const lines = this.#isFirst ? withHints(table, hints) : table;
    this.#isFirst = false;
    this.#stream.write(`${lines.join('\n')}\n\n`);
  }
}

class Terminal implements Screen {
  readonly everyMs = 1_000;
  readonly #stream: WriteStream;
  #drawn = 0;

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  show(table: readonly string[], hints: readonly string[] = []): void {
    // Lines that wrap or scroll away would make the cursor return to the wrong line. A size of 0 means unknown.
    const rows = (this.#stream.rows || 25) - 1;
    const columns = (this.#stream.columns || 81) - 1;
    const lines = withHints(table, hints)
      .slice(0, rows)
      .map((line) => cut(line, columns));
    const back = this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A`;
    this.#stream.write(`${back}\r\x1b[J${lines.join('\n')}\n`);
    this.#drawn = lines.length;
  }
}

function withHints(table: readonly string[], hints: readonly string[]): readonly string[] {
  return hints.length === 0 ? table : [...table, '', ...hints];
}

/**
 * @returns the line, cut to `columns` characters; a line that is cut loses its colours, whose codes could be cut as
 * well
 */
function cut(line: string, columns: number): string {
  const bare = stripVTControlCharacters(line);
  return bare.length <= columns ? line : bare.slice(0, columns);
}
