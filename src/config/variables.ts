/**
 * config/variables.ts: puts environment variables into the values of a configuration file: `${NAME}`, or
 * `${NAME:-TEXT}` for another text where it is unset or empty; `$${` stands for `${`. A value is put in after the file is
 * parsed, so it is a text, a number or a word, and never a key, a list or a comment, whatever it holds.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what a file writes, not a template of this program.
import type { Complaint } from './complaint.js';
import type { Path } from './document.js';
import type { Environment } from './from-args.js';
import { childOf, nodeOf, rootNode, type SchemaNode } from './json-schema.js';

/** `$${`, a variable with its default, or the beginning of something that is neither. */
const PLACE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^${}]*))?\}|\$\{/g;
const NUMBER = /^[-+]?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?$/;
/** Most complaints; more are not shown. */
const MOST = 100;

export interface WithVariables {
  readonly value: unknown;
  /** What is wrong with variables that are named. */
  readonly complaints: readonly Complaint[];
}

export function withVariables(value: unknown, environment: Environment): WithVariables {
  const complaints: Complaint[] = [];
  return { value: replaced(value, rootNode(), [], { environment, complaints }), complaints };
}

interface Context {
  readonly environment: Environment;
  readonly complaints: Complaint[];
}

function replaced(value: unknown, node: SchemaNode | undefined, path: Path, context: Context): unknown {
  if (typeof value === 'string') return value.includes('${') ? typed(textOf(value, path, context), node) : value;
  if (typeof value !== 'object' || value === null) return value;
  const inner = (each: unknown, step: PropertyKey): unknown =>
    replaced(each, node && childOf(node, step), [...path, step], context);
  if (Array.isArray(value)) return value.map(inner);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, inner(each, key)]));
}

function textOf(text: string, path: Path, { environment, complaints }: Context): string {
  const complain = (clause: string): void => {
    if (complaints.length < MOST) complaints.push({ path, part: 'value', clause });
  };
  return text.replaceAll(PLACE, (whole, name: string | undefined, otherwise: string | undefined) => {
    if (whole === '$${') return '${';
    if (name === undefined) {
      complain('"${" begins no variable; write ${NAME} or ${NAME:-TEXT}, or $${ for these two characters');
      return whole;
    }
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (otherwise !== undefined) return value === undefined || value === '' ? otherwise : value;
    if (value === undefined) complain(`"\${${name}}": this variable is not set; set it, or write \${${name}:-TEXT}`);
    return value ?? '';
  });
}

/** @returns a number or a boolean where the text is one and the key takes one, or else the text */
function typed(text: string, node: SchemaNode | undefined): unknown {
  if (NUMBER.test(text) && takes(node, ['integer', 'number'])) return Number(text);
  return (text === 'true' || text === 'false') && takes(node, ['boolean']) ? text === 'true' : text;
}

function takes(node: SchemaNode | undefined, types: readonly string[]): boolean {
  if (node === undefined) return false;
  const { type, anyOf = [], const: word } = node.schema;
  if ([type].flat().some((each) => each !== undefined && types.includes(each))) return true;
  return types.includes(typeof word) || anyOf.some((each) => takes(nodeOf(each), types));
}
