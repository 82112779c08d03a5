/**
 * config/complaint.ts: turns the issues that zod finds in a configuration into messages: the value, what is expected
 * instead, and the nearest known word.
 */
import type * as z from 'zod';
import type { Path } from './document.js';
import { isTime, type JsonSchema, knownKeys, nodeAt } from './json-schema.js';
import { alternatives, similarWord } from './similar.js';
import { shown } from './values.js';

/** One problem in a configuration. */
export interface Complaint {
  readonly path: Path;
  /** Whether the key at the path is wrong, or its value. */
  readonly part: 'key' | 'value';
  /** The message; it names the wrong value, but not its path. */
  readonly clause: string;
}

/**
 * @returns issues about one key each: zod makes one issue of all unknown keys of a mapping, and one of a mapping that may
 *   stand in place of a word, as in `tls: true`
 */
export function singleIssues(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  const inner = issue.code === 'invalid_union' ? issuesInMapping(issue) : [];
  if (inner.length > 0) return inner.flatMap(singleIssues);
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => ({ ...issue, keys: [key] })) : [issue];
}

/** @returns the issues about the keys of a mapping that stands in place of a word; none where no mapping may stand */
function issuesInMapping({ errors, path }: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] {
  const ofKeys = errors.find((each) =>
    each.some((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys'),
  );
  return ofKeys?.map((issue) => ({ ...issue, path: [...path, ...issue.path] })) ?? [];
}

/**
 * @param issues about one key each, as {@link singleIssues} makes them
 * @param input the value that the schema was given
 * @returns a complaint for each issue; a required key that is only misspelt is one complaint and not a second one about
 * the key that is missing
 */
export function complaintsOf(issues: readonly z.core.$ZodIssue[], input: unknown): readonly Complaint[] {
  const meant = new Set(issues.flatMap(meantKeys));
  return issues.flatMap((issue) => {
    const isMisspelt = valueAt(issue.path, input) === undefined && meant.has(pathText(issue.path));
    return isMisspelt ? [] : [complaintAbout(issue, input)];
  });
}

/** @returns the paths of the keys that the unknown keys of an issue were probably meant to be */
function meantKeys(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code !== 'unrecognized_keys') return [];
  const near = issue.keys.map((key) => similarWord(key, keysAt(issue.path)));
  return near.flatMap((key) => (key === undefined ? [] : [pathText([...issue.path, key])]));
}

function complaintAbout(issue: z.core.$ZodIssue, input: unknown): Complaint {
  if (issue.code === 'unrecognized_keys') return unknownKey(issue.path, issue.keys[0] ?? '');
  const value = valueAt(issue.path, input);
  if (value === undefined && issue.path.length > 0 && issue.code !== 'custom') return missingKey(issue.path);
  const isKey = issue.code === 'invalid_key';
  const subject = isKey ? issue.path.at(-1) : value;
  const clause = clauseOf(issue, subject);
  const isNamed = clause.includes('"') || typeof subject === 'object';
  return { path: issue.path, part: isKey ? 'key' : 'value', clause: isNamed ? clause : `${shown(subject)} ${clause}` };
}

/** @returns a path as text: `pools.web.backends[1].weight` */
export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? String(step) : `${text}.${String(step)}`;
  }, '');
}

function unknownKey(around: Path, key: string): Complaint {
  const known = keysAt(around);
  const near = similarWord(key, known);
  const hint = near === undefined ? `write ${alternatives(known)}` : `did you mean "${near}"?`;
  return { path: [...around, key], part: 'key', clause: `"${key}" is not known here; ${hint}` };
}

function keysAt(path: Path): readonly string[] {
  const node = nodeAt(path);
  return node === undefined ? [] : knownKeys(node);
}

function missingKey(path: Path): Complaint {
  return { path: path.slice(0, -1), part: 'value', clause: `the key "${String(path.at(-1))}" is missing` };
}

function clauseOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === null) return `has no value; write ${expectedAt(issue.path)}, or leave the key out`;
  switch (issue.code) {
    case 'invalid_value':
      return unknownWord(value, issue.values.map(String));
    case 'invalid_union':
      // Members of unions are ordered from fixed words to free forms; what was typed was most likely meant as the last.
      return plain(issue.errors.at(-1)?.[0], issue.path, value);
    case 'invalid_key':
      return plain(issue.issues[0], issue.path, value);
    default:
      return plain(issue, issue.path, value);
  }
}

/** @returns the message of the issue if it is one of ours; otherwise, in place of zod's, what is expected */
function plain(issue: z.core.$ZodIssue | undefined, path: Path, value: unknown): string {
  const isOurs = issue !== undefined && !/^(Invalid|Too (small|big))/.test(issue.message);
  return isOurs ? issue.message : `${shown(value)} is not ${expectedAt(path)}`;
}

function unknownWord(value: unknown, known: readonly string[]): string {
  const near = typeof value === 'string' ? similarWord(value, known) : undefined;
  const hint = near === undefined ? `write ${alternatives(known)}` : `did you mean ${near}?`;
  return `${shown(value)} is not known; ${hint}`;
}

function expectedAt(path: Path): string {
  const node = nodeAt(path);
  if (node === undefined) return 'known here';
  return isTime(node) ? 'a time, as in 5s' : expected(node.schema);
}

/** @returns what a schema accepts, as the end of a sentence "... is not": `a whole number from 1 to 9` */
function expected({ type, anyOf, enum: words, const: word, minimum, maximum }: JsonSchema): string {
  if (anyOf !== undefined) return alternatives(anyOf.map(expected));
  if (word !== undefined) return String(word);
  if (words !== undefined) return alternatives(words.map(String));
  switch (type) {
    case 'integer':
      return `a whole number${range(minimum, maximum)}`;
    case 'number':
      return `a number${range(minimum, maximum)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'a list';
    case 'object':
      return 'a mapping of keys to values';
    default:
      return 'a text; put it in quotes';
  }
}

function range(minimum: number | undefined, maximum: number | undefined): string {
  if (maximum !== undefined) return ` from ${minimum ?? 0} to ${maximum}`;
  return minimum === undefined ? '' : ` of at least ${minimum}`;
}

function valueAt(path: Path, input: unknown): unknown {
  return path.reduce<unknown>(inside, input);
}

function inside(value: unknown, step: PropertyKey): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
  return Reflect.get(value, step);
}
