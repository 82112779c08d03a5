/**
 * bench/children.ts: the processes a bench starts, each leading a process group of its own, so that ending one takes
 * its workers with it. However the bench ends, none of them stays and no temporary folder does.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';

/** Characters of a child's stderr that are kept for an error message. */
const KEPT_OUTPUT = 4_096;
const END_WITHIN_MS = 2_000;

export interface Child {
  readonly pid: number;
  /** Resolves once the process has ended and its output is read. */
  readonly ended: Promise<End>;
  readonly hasEnded: () => boolean;
  /** Sends one signal to the process itself, not to its group. */
  readonly signal: (name: NodeJS.Signals) => void;
  /** Writes to its stdin; a process that has ended does not hear it. */
  readonly say: (text: string) => void;
  /**
   * Waits for the next line on its stdout that `isWanted`.
   * @throws {Error} when the process ends first, or prints none within `withinMs`
   */
  readonly line: (isWanted: (line: string) => boolean, withinMs: number) => Promise<string>;
}

export interface End {
  /** Whether the exit code was 0. */
  readonly ok: boolean;
  /** How the process ended, as a clause without a subject, with the last line on its stderr. */
  readonly description: string;
}

export class Children {
  readonly #running = new Map<number, Child>();
  readonly #folders = new Set<string>();

  constructor() {
    process.once('exit', () => this.#endAll());
    // A cancelled run is told from a failed one by its exit code.
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const) {
      process.once(signal, () => process.exit(code));
    }
  }

  /** @returns a new empty folder that is removed with everything in it at the end */
  temporaryFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'roundhouse-bench-'));
    this.#folders.add(folder);
    return folder;
  }

  /**
   * @param cores pins the process to these CPU cores through `taskset`; empty leaves it free
   * @param onLine gets each line that the program prints on stdout
   * @throws {Error} when the program cannot be started
   */
  async start(
    command: readonly string[],
    cores: readonly number[] = [],
    onLine: (line: string) => void = () => undefined,
  ): Promise<Child> {
    const [program = '', ...args] = pinned(command, cores);
    // `detached` gives it a process group; the end of the stdin pipe tells our own scripts that this process has ended.
    const child = spawn(program, args, { detached: true, stdio: 'pipe' });
    const output = keepOutput(child);
    const lines = createInterface({ input: child.stdout }).on('line', onLine);
    child.stdin.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    const { pid } = child;
    if (pid === undefined) throw new Error(`${program} has no process id`);
    let over = false;
    child.once('exit', () => {
      over = true;
      this.#endGroup(pid);
    });
    const ended = new Promise<End>((resolve) => {
      child.once('close', (code, signal) => resolve(endOf(code, signal, output())));
    });
    const started: Child = {
      pid,
      ended,
      hasEnded: () => over,
      signal: (name) => void child.kill(name),
      say: (text) => void child.stdin.write(text),
      line: (isWanted, withinMs) => nextLine(lines, ended, isWanted, withinMs),
    };
    this.#running.set(pid, started);
    return started;
  }

  /**
   * Runs a program to its end.
   * @param withinMs it is ended when it takes longer
   * @returns what it printed on stdout
   * @throws {Error} when it cannot be started, fails or takes too long
   */
  async run(command: readonly string[], cores: readonly number[], withinMs: number): Promise<string> {
    const lines: string[] = [];
    const child = await this.start(command, cores, (line) => lines.push(line));
    const timer = setTimeout(() => this.#endGroup(child.pid), withinMs);
    const end = await child.ended;
    clearTimeout(timer);
    if (!end.ok) throw new Error(`${command[0]} ${end.description}`);
    return lines.map((line) => `${line}\n`).join('');
  }

  /** Asks one child to end, and ends it and its group when it has not within two seconds. */
  async end(child: Child): Promise<void> {
    child.signal('SIGTERM');
    const timer = setTimeout(() => this.#endGroup(child.pid), END_WITHIN_MS);
    await child.ended;
    clearTimeout(timer);
  }

  /** Ends every child as {@link end} does, and removes every folder. */
  async stop(): Promise<void> {
    // SIGTERM comes first, because a server that ends in order also ends its workers.
    await Promise.all([...this.#running.values()].map((child) => this.end(child)));
    this.#endAll();
  }

  /** Kills every group and removes every folder, without waiting: this also runs while the process exits. */
  #endAll(): void {
    for (const pid of this.#running.keys()) this.#endGroup(pid);
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    this.#folders.clear();
  }

  #endGroup(pid: number): void {
    if (!this.#running.delete(pid)) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // The whole group has ended already.
    }
  }
}

function pinned(command: readonly string[], cores: readonly number[]): readonly string[] {
  return cores.length === 0 ? command : ['taskset', '-c', cores.join(','), ...command];
}

function nextLine(lines: Interface, ended: Promise<End>, isWanted: (line: string) => boolean, withinMs: number) {
  return new Promise<string>((resolve, reject) => {
    const timer = Number.isFinite(withinMs) ? setTimeout(() => fail('it said nothing in time'), withinMs) : undefined;
    const stop = (): void => {
      clearTimeout(timer);
      lines.off('line', hear);
    };
    const fail = (why: string): void => {
      stop();
      reject(new Error(why));
    };
    const hear = (line: string): void => {
      if (!isWanted(line)) return;
      stop();
      resolve(line);
    };
    lines.on('line', hear);
    void ended.then(({ description }) => fail(description));
  });
}

function keepOutput(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-KEPT_OUTPUT);
  });
  return () => text.trim();
}

/** @returns what to tell people of something that was thrown */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function endOf(code: number | null, signal: NodeJS.Signals | null, output: string): End {
  const how = signal === null ? `ended with exit code ${code}` : `ended with signal ${signal}`;
  return { ok: code === 0, description: output === '' ? how : `${how}: ${lastWords(output)}` };
}

/** @returns the line that says what went wrong: Node prints an uncaught error far above its last line */
function lastWords(output: string): string {
  const lines = output.split('\n');
  return lines.findLast((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? '';
}
