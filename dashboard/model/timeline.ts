/**
 * dashboard/model/timeline.ts: turns journal entries into the lines of the timeline; equal ones of several backends are
 * one.
 */
import { plural } from './format.js';
import type { JournalEntry } from './wire.js';

/** One line of the timeline. */
export interface Moment {
  /** Id of its newest entry, and the number of entries. */
  readonly id: string;
  readonly at: string;
  readonly subject: string;
  readonly text: string;
  readonly tone: 'good' | 'calm' | 'warn' | 'bad';
}

/** Entries of the same kind and cause are one line if each comes within this time of the one before. */
const TOGETHER_MS = 2_000;
const GOOD: ReadonlySet<string> = new Set(['backend-up', 'backend-restored', 'panic-over']);

/** @param entries newest first @returns the lines of the timeline, newest first */
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
