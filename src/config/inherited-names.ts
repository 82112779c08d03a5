/**
 * config/inherited-names.ts: finds names in a configuration that every JavaScript object inherits, such as
 * `__proto__` and `constructor`. As the name of a pool, a rule or a field such a name would be dropped on the way, or
 * found where nobody has defined it.
 */
import type { Complaint } from './complaint.js';
import type { Path } from './document.js';
import { childOf, rootNode, type SchemaNode } from './json-schema.js';

/** @returns a complaint for each such name in a mapping whose names are of the user's choice; 100 at most */
export function inheritedNames(value: unknown): readonly Complaint[] {
  const found: Complaint[] = [];
  collect(value, rootNode(), [], found);
  return found;
}

/** Most complaints; more are not shown. */
const MOST = 100;

function collect(value: unknown, node: SchemaNode, path: Path, found: Complaint[]): void {
  if (typeof value !== 'object' || value === null || found.length >= MOST) return;
  const isFreelyNamed = typeof node.schema.additionalProperties === 'object' && !Array.isArray(value);
  for (const [key, inner] of Object.entries(value)) {
    const step = Array.isArray(value) ? Number(key) : key;
    const at = [...path, step];
    if (isFreelyNamed && key in Object.prototype) {
      found.push({
        path: at,
        part: 'key',
        clause: `"${key}" cannot be a name here: every object has it; take another`,
      });
    }
    const child = childOf(node, step);
    if (child !== undefined) collect(inner, child, at, found);
  }
}
