/** commands/screen.ts: shows a page again and again: redrawn in place on a terminal, one below the other else. */
import type { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';

export interface Screen {
  /** How long a page should stand before the next one, in milliseconds. */
  readonly everyMs: number;
  /** @param hints what stays the same; where pages scroll by it is written once */
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
    // A line that wraps or scrolls away would throw off the way back up. A size of 0 means that nobody knows it.
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

/** A line that is too long loses its colours, too: they cannot be cut in the middle. */
function cut(line: string, columns: number): string {
  const bare = stripVTControlCharacters(line);
  return bare.length <= columns ? line : bare.slice(0, columns);
}
