/** Marks the end of an exhaustive switch: a new member of the union stops compiling here. */
export function unreachable(value: never): never {
  throw new TypeError(`Unhandled case: ${JSON.stringify(value)}`);
}
