/** Runs the built command as a person does: as a process of its own. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const running = new Set<ChildProcessByStdio<null, Readable, Readable>>();

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly pid: number;
  /** @returns the next line of that stream which `matches`; fails when the process ends without it */
  line(stream: 'stdout' | 'stderr', matches: (line: string) => boolean): Promise<string>;
  signal(name: NodeJS.Signals): void;
  readonly stdout: Readable;
  readonly finished: Promise<Finished>;
}

export type Program = 'src/cli.js' | 'bench/servers.js' | 'bench/concurrency.js';

/** Starts a built program; whatever the test leaves running is ended by {@link endPrograms}. */
export function start(program: Program, args: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  const path = fileURLToPath(new URL(`../../${program}`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], {
    env: { ...withoutOwnVariables(process.env), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const seen = { stdout: new Transcript(child.stdout), stderr: new Transcript(child.stderr) };
  const finished = once(child, 'close').then(([code, signal]): Finished => {
    running.delete(child);
    return { code, signal, stdout: seen.stdout.text, stderr: seen.stderr.text };
  });
  const line: Started['line'] = async (stream, matches) => {
    const ended = finished.then(({ stdout, stderr }) => {
      throw new Error(`ended without the line that was waited for\n${stdout}\n${stderr}`);
    });
    return Promise.race([seen[stream].next(matches), ended]);
  };
  if (child.pid === undefined) throw new Error(`${program} did not start`);
  return { pid: child.pid, line, signal: (name) => void child.kill(name), stdout: child.stdout, finished };
}

export function runCli(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  return start('src/cli.js', args, env).finished;
}

export async function endPrograms(): Promise<void> {
  const ended = [...running].map(async (child) => {
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  });
  await Promise.all(ended);
}

class Transcript {
  text = '';
  readonly #unread: string[] = [];
  readonly #waiting: { readonly matches: (line: string) => boolean; readonly take: (line: string) => void }[] = [];

  constructor(stream: Readable) {
    createInterface({ input: stream }).on('line', (line) => this.#add(line));
  }

  next(matches: (line: string) => boolean): Promise<string> {
    for (let line = this.#unread.shift(); line !== undefined; line = this.#unread.shift()) {
      if (matches(line)) return Promise.resolve(line);
    }
    return new Promise((take) => this.#waiting.push({ matches, take }));
  }

  #add(line: string): void {
    this.text += `${line}\n`;
    const first = this.#waiting[0];
    if (first === undefined) this.#unread.push(line);
    else if (first.matches(line)) {
      this.#waiting.shift();
      first.take(line);
    }
  }
}

function withoutOwnVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('ROUNDHOUSE_')));
}
