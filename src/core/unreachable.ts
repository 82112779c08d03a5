/**
 * Ends an exhaustive switch: a member of the union that has no case does not compile here.
 * @throws {TypeError} always
 */
export function unreachable(value: never): never {
  throw new TypeError(`Unhandled case: ${JSON.stringify(value)}`);
}
