/** core/ipv6-groups.ts: an IPv6 address as numbers. */

/** Groups of 16 bits in an IPv6 address. */
const GROUPS = 8;

/** @param address an IPv6 address; its zone, if it has one, is left out @returns its eight groups of 16 bits */
export function ipv6Groups(address: string): readonly number[] {
  const [bare = ''] = address.split('%');
  const [before = '', behind = ''] = bare.split('::');
  const head = numbersOf(before);
  const tail = numbersOf(behind);
  return [...head, ...Array<number>(GROUPS - head.length - tail.length).fill(0), ...tail];
}

function numbersOf(text: string): readonly number[] {
  return text === '' ? [] : text.split(':').flatMap(numbersIn);
}

/** @returns the number of a group; two for an IPv4 address at the end */
function numbersIn(group: string): number | readonly number[] {
  if (!group.includes('.')) return Number.parseInt(group, 16);
  const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
  return [a * 256 + b, c * 256 + d];
}
