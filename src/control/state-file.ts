/**
 * control/state-file.ts: keeps on disk what operators change while the balancer runs. The file is replaced whole, so
 * whatever ends this process or the machine, it holds one state or the next. A file that is not ours is never touched.
 */
import { access, constants, open, readFile, realpath, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { StartError } from './errors.js';
import type { Logger } from './logger.js';
import { type RuntimeState, runtimeStateSchema } from './runtime-state.js';

const FORMAT = 'roundhouse-state';
const VERSION = 1;
/** A hundred thousand backends come to a tenth of this; what is larger is another file. */
const MOST_BYTES = 67_108_864;
/** While the disk refuses, in milliseconds. */
const AGAIN_AFTER_MS = 10_000;
const FOR_THE_OWNER = 0o600;

const headSchema = z.looseObject({ format: z.literal(FORMAT), version: z.int() });
const fileSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  pools: runtimeStateSchema,
});

/** Whether what has changed is on disk. */
export type Saved = { readonly saved: true } | { readonly saved: false; readonly problem: string };

const SAVED: Saved = { saved: true };

export class StateFile {
  readonly #path: string;
  readonly #state: () => RuntimeState;
  readonly #logger: Logger;
  /** What the file holds. */
  #written = '';
  #writing: Promise<Saved> = Promise.resolve(SAVED);
  #next: Promise<Saved> | undefined;
  #again: NodeJS.Timeout | undefined;
  #failing = false;

  /**
   * @param path where {@link readState} has found a state, or room for one
   * @param state what is to be kept, asked for when it is written
   */
  constructor(path: string, state: () => RuntimeState, logger: Logger) {
    this.#path = path;
    this.#state = state;
    this.#logger = logger;
  }

  /**
   * Never fails: a disk that is full is told, and tried again. Whoever asks during a write shares the one after it.
   * @returns settled when the state as it is now is on disk, or could not be put there
   */
  save(): Promise<Saved> {
    this.#next ??= this.#writing.then(() => {
      this.#next = undefined;
      this.#writing = this.#write();
      return this.#writing;
    });
    return this.#next;
  }

  /** @returns settled when nothing is being written any more */
  async stop(): Promise<void> {
    await (this.#next ?? this.#writing);
    clearTimeout(this.#again);
  }

  async #write(): Promise<Saved> {
    clearTimeout(this.#again);
    try {
      const text = textOf(this.#state());
      if (text !== this.#written) await replaceFile(this.#path, text);
      this.#written = text;
    } catch (error) {
      return this.#failed(problemOf(this.#path, error));
    }
    if (this.#failing) this.#logger.info('state file is written again', { file: this.#path });
    this.#failing = false;
    return SAVED;
  }

  #failed(problem: string): Saved {
    if (!this.#failing) this.#logger.error('state file not written; changes end with this process', { problem });
    this.#failing = true;
    this.#again = setTimeout(() => void this.save(), AGAIN_AFTER_MS).unref();
    return { saved: false, problem };
  }
}

export interface KeptState {
  /** The file itself, where `path` was a link to it. */
  readonly path: string;
  readonly state: RuntimeState;
}

/**
 * @returns what the file holds; nothing when there is none yet, or an empty one
 * @throws {StartError} when it cannot be read, is not ours, or could not be written later
 */
export async function readState(path: string): Promise<KeptState> {
  const real = await realpath(path).catch(() => path);
  await access(dirname(real), constants.W_OK).catch((error: unknown) => {
    throw new StartError(`Cannot keep the state in ${path}: its directory ${reasonOf(error, 'may not be written to')}`);
  });
  const text = await readBounded(path);
  return { path: real, state: text.trim() === '' ? {} : parse(path, text) };
}

async function readBounded(path: string): Promise<string> {
  try {
    const found = await stat(path);
    if (!found.isFile() || found.size > MOST_BYTES) throw foreign(path);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof StartError) throw error;
    if (codeOf(error) === 'ENOENT') return '';
    throw new StartError(`Cannot read the state file ${path}: it ${reasonOf(error, 'may not be read by this user')}`);
  }
}

function parse(path: string, text: string): RuntimeState {
  const value = jsonOf(text);
  const head = headSchema.safeParse(value);
  if (!head.success) throw foreign(path);
  if (head.data.version !== VERSION) {
    throw new StartError(
      `The state file ${path} has version ${head.data.version}, and this Roundhouse reads version ${VERSION}; ` +
        'move it away to start without the changes it holds',
    );
  }
  const parsed = fileSchema.safeParse(value);
  if (parsed.success) return parsed.data.pools;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new StartError(
    `The state file ${path} is damaged at "${where}"; mend it, or move it away to start without the changes it holds`,
  );
}

/** Written whole beside it, made durable, and put in its place in one step, which is made durable as well. */
async function replaceFile(path: string, text: string): Promise<void> {
  const beside = `${path}.new`;
  const file = await open(beside, 'w', FOR_THE_OWNER);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
  if (process.platform === 'win32') return;
  const directory = await open(dirname(path));
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function textOf(pools: RuntimeState): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, pools }, undefined, 2)}\n`;
}

function foreign(path: string): StartError {
  return new StartError(
    `${path} is no state file of Roundhouse, so it is left as it is; name another one, or move it away`,
  );
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EROFS: 'is on a disk that cannot be written to',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of this user is used up',
  EBUSY: 'it is mounted by itself; mount its directory instead',
};

function reasonOf(error: unknown, denied: string): string {
  const code = codeOf(error);
  return code === 'EACCES' || code === 'EPERM' ? denied : (REASONS[code] ?? `fails with ${code}`);
}

function problemOf(path: string, error: unknown): string {
  return `Cannot write ${path}: ${reasonOf(error, 'permission denied')}`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
