/**
 * control/state-file.ts: keeps on disk what operators change while the balancer runs. The file is always replaced as a
 * whole, so that after a crash it holds one state or the next. A file of another program is never overwritten.
 */
import { access, constants, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { openRegular } from '../config/read-file.js';
import { isMaintained, type Maintenance, NO_MAINTENANCE } from '../core/maintenance.js';
import { maintenanceSchema } from '../core/schemas.js';
import { StartError } from './errors.js';
import type { Logger } from './logger.js';
import { replaceFile } from './replace-file.js';
import { namedTwiceIn, type RuntimeState, runtimeStateSchema } from './runtime-state.js';

const FORMAT = 'roundhouse-state';
const VERSION = 1;
/** Largest file that is read: ten times the state of a hundred thousand backends. */
const MOST_BYTES = 67_108_864;
/** Pause before another try after a failed write, in milliseconds. */
const AGAIN_AFTER_MS = 10_000;

const headSchema = z.looseObject({ format: z.literal(FORMAT), version: z.int() });
const fileSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  maintenance: maintenanceSchema.optional(),
  pools: runtimeStateSchema,
});

/** Whether the changes until now are on disk. */
export type Saved = { readonly saved: true } | { readonly saved: false; readonly problem: string };

const SAVED: Saved = { saved: true };

export class StateFile {
  readonly #path: string;
  readonly #state: () => RuntimeState;
  readonly #maintenance: () => Maintenance;
  readonly #logger: Logger;
  /** The text that the file holds. */
  #written = '';
  #writing: Promise<Saved> = Promise.resolve(SAVED);
  #next: Promise<Saved> | undefined;
  #again: NodeJS.Timeout | undefined;
  #failing = false;

  /**
   * @param path a file that {@link readState} has accepted
   * @param state returns the state to write, and `maintenance` what is in maintenance; called at each write
   */
  constructor(path: string, state: () => RuntimeState, logger: Logger, maintenance = () => NO_MAINTENANCE) {
    this.#path = path;
    this.#state = state;
    this.#logger = logger;
    this.#maintenance = maintenance;
  }

  /**
   * Writes the state. A failed write is logged and tried again. Calls during a write share the next one.
   * @returns settled when the state of now is on disk, or could not be written
   */
  save(): Promise<Saved> {
    this.#next ??= this.#writing.then(() => {
      this.#next = undefined;
      this.#writing = this.#write();
      return this.#writing;
    });
    return this.#next;
  }

  /** @returns settled when no write is under way any more */
  async stop(): Promise<void> {
    await (this.#next ?? this.#writing);
    clearTimeout(this.#again);
  }

  async #write(): Promise<Saved> {
    clearTimeout(this.#again);
    try {
      const text = textOf(this.#state(), this.#maintenance());
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
  /** Path of the file, links resolved. */
  readonly path: string;
  readonly state: RuntimeState;
  /** What is in maintenance. */
  readonly maintenance: Maintenance;
}

/**
 * Reads a state file.
 * @returns its state; an empty one where the file is missing or empty
 * @throws {StartError} when it cannot be read or written, or is not a state file
 */
export async function readState(path: string): Promise<KeptState> {
  const real = await realpath(path).catch(() => path);
  await access(dirname(real), constants.W_OK).catch((error: unknown) => {
    throw new StartError(`Cannot keep the state in ${path}: its directory ${reasonOf(error, 'may not be written to')}`);
  });
  const text = await readBounded(path);
  const kept = text.trim() === '' ? undefined : parse(path, text);
  return { path: real, state: kept?.pools ?? {}, maintenance: kept?.maintenance ?? NO_MAINTENANCE };
}

async function readBounded(path: string): Promise<string> {
  try {
    const file = await openRegular(path);
    if (file === undefined) throw foreign(path);
    try {
      const found = await file.stat();
      if (!found.isFile() || found.size > MOST_BYTES) throw foreign(path);
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof StartError) throw error;
    // A socket cannot be opened.
    if (codeOf(error) === 'ENXIO') throw foreign(path);
    if (codeOf(error) === 'ENOENT') return '';
    throw new StartError(`Cannot read the state file ${path}: it ${reasonOf(error, 'may not be read by this user')}`);
  }
}

function parse(path: string, text: string): z.output<typeof fileSchema> {
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
  if (!parsed.success) throw damaged(path, `at "${parsed.error.issues[0]?.path.join('.') ?? ''}"`);
  const { pools } = parsed.data;
  for (const [pool, state] of Object.entries(pools)) {
    const twice = namedTwiceIn(state);
    if (twice !== undefined) throw damaged(path, `and names backend "${twice}" of pool "${pool}" twice`);
  }
  // Of a key that is given twice JSON.parse keeps the last value, and of an address in two spellings so does zod.
  if (keysIn(text) !== keysOf(value) || keysOf(head.data['pools']) !== keysOf(pools)) {
    throw damaged(path, 'and names something twice');
  }
  return parsed.data;
}

function damaged(path: string, how: string): StartError {
  return new StartError(
    `The state file ${path} is damaged ${how}; mend it, or move it away to start without the changes it holds`,
  );
}

/** @returns the number of keys in a JSON text, those that are given twice counted twice */
function keysIn(text: string): number {
  return text.match(/"[^"\\]*(?:\\.[^"\\]*)*"\s*:?/g)?.filter((token) => token.endsWith(':')).length ?? 0;
}

/** @returns the number of keys of all objects in a value */
function keysOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner = Object.values(value).reduce<number>((sum, each) => sum + keysOf(each), 0);
  return Array.isArray(value) ? inner : inner + Object.keys(value).length;
}

function textOf(pools: RuntimeState, maintenance: Maintenance): string {
  const head = { format: FORMAT, version: VERSION, ...(isMaintained(maintenance) ? { maintenance } : {}) };
  return `${JSON.stringify({ ...head, pools }, undefined, 2)}\n`;
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
