/** control/input-problem.ts: what is wrong with an object that somebody sent, as one plain sentence. */
import type * as z from 'zod';
import { alternatives, similarWord } from '../config/similar.js';
import { shown } from '../config/values.js';

/** A schema of an object with known keys. */
export type InputSchema<T> = z.ZodType<T> & { readonly shape: object };

/** Says in one sentence why `schema` refused `input` with `error`. */
export function inputProblem(error: z.ZodError, input: unknown, { shape }: InputSchema<unknown>): string {
  const known = Object.keys(shape);
  const issue = error.issues[0];
  const key = issue?.path[0];
  if (issue?.code === 'unrecognized_keys') return unknownKey(issue.keys[0] ?? '', known);
  if (typeof key !== 'string') {
    return issue?.code === 'custom' ? issue.message : `Write an object with ${alternatives(known)}`;
  }
  return valueProblem(key, valueIn(input, key), issue);
}

function valueProblem(key: string, value: unknown, issue: z.core.$ZodIssue | undefined): string {
  if (value === undefined) return `"${key}" is missing`;
  if (issue?.code === 'invalid_value') return unknownWord(key, value, issue.values.map(String));
  if (issue?.code === 'invalid_type' && issue.expected === 'string') return `"${key}" must be text`;
  return issue?.message ?? '';
}

function unknownWord(key: string, value: unknown, known: readonly string[]): string {
  const near = typeof value === 'string' ? similarWord(value, known) : undefined;
  const hint = near === undefined ? `write ${alternatives(known)}` : `did you mean "${near}"?`;
  return `"${key}": ${shown(value)} is not known; ${hint}`;
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = similarWord(key, known);
  return near === undefined
    ? `"${key}" is not known; write ${alternatives(known)}`
    : `"${key}" is not known; did you mean "${near}"?`;
}

function valueIn(input: unknown, key: string): unknown {
  return typeof input === 'object' && input !== null && Object.hasOwn(input, key) ? Reflect.get(input, key) : undefined;
}
