/**
 * routing/coverage.ts: finds the routes that no request can reach, because an earlier one of the same host and path
 * takes all of their requests. Routes are looked up by what they require, so a list costs about as many steps as it has
 * routes.
 */
import type { FieldCondition } from './candidates.js';
import { fieldsOf, type Match, placeOf } from './router.js';

/** A route that was added before, by its index in the list. */
interface Earlier {
  readonly index: number;
  readonly methods: ReadonlySet<string> | undefined;
}

/** Routes whose conditions on fields are the same. */
interface Alike {
  /** The first route for every method. */
  first: Earlier | undefined;
  /** Routes for some methods, by each of them. */
  readonly byMethod: Map<string, Earlier[]>;
}

/** Routes that require a field of the same names, with values of the same names; by those values. */
interface Shape {
  /** Whether each field, by the order of names, must have a given value. */
  readonly valued: readonly boolean[];
  readonly byValues: Map<string, Alike>;
}

export class Coverage {
  /** Shapes by place, number of conditions and names of fields. */
  readonly #shapes = new Map<string, Map<string, Shape>>();
  #count = 0;

  /**
   * Adds the next route of a list.
   * @returns the index of the first earlier route that is as specific and takes all of its requests; `undefined` if
   * there is none
   */
  add(match: Match): number | undefined {
    const fields = fieldsOf(match).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const methods = match.methods === undefined ? undefined : new Set(match.methods);
    const names = fields.map(([name]) => name);
    const key = [placeOf(match), methods === undefined ? 'every' : 'some', ...names].join(' ');
    const shapes = this.#shapes.get(key) ?? new Map<string, Shape>();
    this.#shapes.set(key, shapes);
    const hiding = [...shapes.values()].flatMap((shape) => hidingIn(shape, fields, methods) ?? []);
    addTo(shapes, fields, { index: this.#count, methods });
    this.#count += 1;
    return hiding.length === 0 ? undefined : Math.min(...hiding);
  }
}

/** @returns the first route of the shape that takes all requests with these fields and methods */
function hidingIn(
  { valued, byValues }: Shape,
  fields: readonly FieldCondition[],
  methods: ReadonlySet<string> | undefined,
): number | undefined {
  const alike = byValues.get(valuesKey(fields, valued));
  if (alike === undefined) return undefined;
  if (methods === undefined) return alike.first?.index;
  // A route that takes all of the methods is listed under each of them: the shortest list is searched.
  let shortest: readonly Earlier[] | undefined;
  for (const method of methods) {
    const list = alike.byMethod.get(method) ?? [];
    if (shortest === undefined || list.length < shortest.length) shortest = list;
  }
  return shortest?.find((each) => [...methods].every((method) => each.methods?.has(method) === true))?.index;
}

function addTo(shapes: Map<string, Shape>, fields: readonly FieldCondition[], added: Earlier): void {
  const valued = fields.map(([, value]) => value !== true);
  const shape = shapes.get(valued.join()) ?? { valued, byValues: new Map<string, Alike>() };
  shapes.set(valued.join(), shape);
  const key = valuesKey(fields, valued);
  const alike = shape.byValues.get(key) ?? { first: undefined, byMethod: new Map<string, Earlier[]>() };
  shape.byValues.set(key, alike);
  if (added.methods === undefined) alike.first ??= added;
  for (const method of added.methods ?? []) {
    const list = alike.byMethod.get(method);
    if (list === undefined) alike.byMethod.set(method, [added]);
    else list.push(added);
  }
}

/** @returns a text that is the same for the same values of the fields that must have one; fields hold no line ends */
function valuesKey(fields: readonly FieldCondition[], valued: readonly boolean[]): string {
  // A field of any value never fits where a value is required.
  return fields.map(([, value], at) => (valued[at] ? (value === true ? '\n' : value) : '')).join('\r');
}
