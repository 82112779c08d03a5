/** control/input-problem.ts: what is wrong with an object that somebody sent, as one plain sentence. */
import type * as z from 'zod';
import { alternatives, similarWord } from '../config/similar.js';

/**
 * @param input what was refused
 * @param known the keys it may have
 */
export function inputProblem(error: z.ZodError, input: unknown, known: readonly string[]): string {
  const issue = error.issues[0];
  const key = issue?.path[0];
  if (issue?.code === 'unrecognized_keys') return unknownKey(issue.keys[0] ?? '', known);
  if (key === undefined) return issue?.code === 'invalid_type' ? notAnObject(known) : (issue?.message ?? '');
  const given = isObject(input) ? Reflect.get(input, key) : undefined;
  if (given === undefined) return `"${String(key)}" is missing`;
  if (issue?.code === 'invalid_value')
    return `"${given}" is no ${String(key)}; write ${alternatives(issue.values.map(String))}`;
  return issue?.code === 'invalid_type' && issue.expected === 'string'
    ? `"${String(key)}" must be text`
    : (issue?.message ?? '');
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = similarWord(key, known);
  return near === undefined
    ? `"${key}" is not known; write ${alternatives(known)}`
    : `"${key}" is not known; did you mean "${near}"?`;
}

function notAnObject(known: readonly string[]): string {
  return `Write an object with ${alternatives(known)}`;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
