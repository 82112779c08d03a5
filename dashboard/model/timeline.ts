/** dashboard/model/timeline.ts: what happened as it is read: what befell many backends at once is one line. */
import { plural } from './format.js';
import type { JournalEntry } from './wire.js';

export interface Moment {
  /** Of its newest entry. */
  readonly id: string;
  readonly at: string;
  readonly subject: string;
  readonly text: string;
  readonly tone: 'good' | 'calm' | 'warn' | 'bad';
}

/** Entries of one kind and cause that follow each other so closely are one moment, in milliseconds. */
const TOGETHER_MS = 2_000;
const GOOD: ReadonlySet<string> = new Set(['backend-up', 'backend-restored', 'panic-over']);

/** @param entries newest first. @returns the same, those that belong together as one */
export function momentsOf(entries: readonly JournalEntry[]): readonly Moment[] {
  const groups: JournalEntry[][] = [];
  for (const entry of entries) {
    const group = groups.at(-1);
    const before = group?.at(-1);
    if (before !== undefined && belongTogether(before, entry)) group?.push(entry);
    else groups.push([entry]);
  }
  return groups.flatMap(([first, ...others]) => (first === undefined ? [] : [momentOf(first, others.length + 1)]));
}

export function subjectOf({ backend, worker, pool }: JournalEntry): string {
  if (backend !== null) return backend;
  if (worker !== null) return `worker ${worker}`;
  return pool === null ? 'balancer' : `pool ${pool}`;
}

function momentOf(entry: JournalEntry, size: number): Moment {
  const { id, at, text, pool } = entry;
  const many = `${plural(size, 'backend')} of ${pool}`;
  return { id: `${id} ${size}`, at, text, subject: size === 1 ? subjectOf(entry) : many, tone: toneOf(entry) };
}

function belongTogether(a: JournalEntry, b: JournalEntry): boolean {
  const isSame = a.kind === b.kind && a.pool === b.pool && a.text === b.text && a.backend !== null;
  return isSame && Math.abs(Date.parse(a.at) - Date.parse(b.at)) <= TOGETHER_MS;
}

function toneOf({ kind, level }: JournalEntry): Moment['tone'] {
  if (level === 'error' || kind === 'backend-down') return 'bad';
  if (level === 'warn') return 'warn';
  return GOOD.has(kind) ? 'good' : 'calm';
}
