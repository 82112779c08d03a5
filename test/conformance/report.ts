/** test/conformance/report.ts: what a run prints: tables, and what exactly was seen where something is wrong. */
import { formatTable } from '../../bench/table.js';
import type { AnswerWant, Case, Outcome, Topic } from './case.js';
import { aboutOf } from './cases/index.js';
import type { Answer } from './client.js';
import { judge, type Seen, type Verdict } from './judge.js';

/**
 * `same`: what Roundhouse is documented to do. `stricter`: refuses what Roundhouse passes on. `laxer`: passes on what
 * Roundhouse refuses. `other`: another safe way to do alike. `breach` and `unsafe`: none of the safe outcomes, where
 * the letter of the RFC or somebody's safety is at stake.
 */
export type Comparison = (typeof COMPARISONS)[number];
export const COMPARISONS = ['same', 'other', 'stricter', 'laxer', 'breach', 'unsafe'] as const;

export interface Judged {
  readonly test: Case;
  readonly seen: Seen;
  readonly verdict: Verdict;
  readonly comparison: Comparison;
}

const MOST_BYTES = 200;

export function judgeAll(cases: readonly Case[], seen: ReadonlyMap<string, Seen>): readonly Judged[] {
  return cases.map((test) => {
    const of = seen.get(test.id);
    if (of === undefined) throw new Error(`${test.id} was not run`);
    const verdict = judge(test, of);
    return { test, seen: of, verdict, comparison: compare(test, verdict) };
  });
}

function compare(test: Case, { outcome, isFirst }: Verdict): Comparison {
  if (outcome === undefined) return aboutOf(test) === 'safety' ? 'unsafe' : 'breach';
  if (isFirst) return 'same';
  const [ours, its] = [passesOn(test.safe[0]), passesOn(outcome)];
  if (ours === its) return 'other';
  return ours ? 'stricter' : 'laxer';
}

function passesOn({ kind }: Outcome): boolean {
  return kind === 'forwarded' || kind === 'broken';
}

/** One line per topic: how many cases passed and how many did not. */
export function topicTable(topics: readonly Topic[], judged: readonly Judged[]): string {
  const counts = (cases: readonly Case[]): readonly string[] => {
    const mine = judged.filter(({ test }) => cases.includes(test));
    const failed = mine.filter(({ verdict }) => verdict.outcome === undefined).length;
    return [String(mine.length - failed), String(failed)];
  };
  const shown = topics.filter(({ cases }) => judged.some(({ test }) => cases.includes(test)));
  return formatTable([
    ['topic', 'passed', 'failed'],
    ...shown.map(({ name, cases }) => [name, ...counts(cases)]),
    ['all', ...counts(shown.flatMap(({ cases }) => cases))],
  ]);
}

/** Everything about one case that did not go well. */
export function describeFailure({ test, seen, verdict }: Judged): string {
  return [
    `${test.id}: ${test.title} (${test.rfc})`,
    `  sent      ${test.send.map((step) => (typeof step === 'string' ? escaped(step) : `<${step.act}>`)).join(' ')}`,
    ...test.safe.map((outcome) => `  safe      ${describeOutcome(outcome)}`),
    `  seen      ${describeSeen(seen)}`,
    ...verdict.reasons.map((reason) => `  because   ${escaped(reason)}`),
  ].join('\n');
}

/** Bytes as a person can read them. */
export function escaped(text: string): string {
  const readable = text.replaceAll(/[^\x20-\x7e]/g, (character) => {
    if (character === '\r') return '\\r';
    if (character === '\n') return '\\n';
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return readable.length <= MOST_BYTES ? readable : `${readable.slice(0, MOST_BYTES)}... (${text.length} bytes)`;
}

function describeOutcome({ kind, answers, cut, end, reaches }: Outcome): string {
  const statuses = answers.map(describeStatus).join(' then ') || 'no answer';
  const begun = cut === undefined ? '' : `, then a broken ${describeStatus(cut)}`;
  const requests = reaches === undefined ? '' : `, ${reaches.length} requests at the backend`;
  return `${kind}: ${statuses}${begun}, connection ${end}${requests}`;
}

function describeStatus({ status }: AnswerWant): string {
  return typeof status === 'number' ? String(status) : `one of ${status.join('/')}`;
}

function describeSeen({ client, backend }: Seen): string {
  const answer = ({ message }: Answer): string => `"${escaped(message.raw)}"`;
  const answers = client.answers.map(answer).join(' then ') || 'no answer';
  const cut = client.cut === undefined ? '' : `, then a broken ${answer(client.cut)}`;
  const junk = client.unreadable === undefined ? '' : `, then "${escaped(client.unreadable.text)}"`;
  const requests = backend.map(
    (each) => `\n  backend   ${each.kind} "${escaped(each.kind === 'request' ? each.message.raw : each.raw)}"`,
  );
  return `${answers}${cut}${junk}, connection ${client.end}${requests.join('')}`;
}
