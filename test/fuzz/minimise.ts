/** test/fuzz/minimise.ts: makes a failing input small enough to be understood. Source: Zeller, delta debugging (1999). */

/** @returns `text` without every run of characters that `fails` does not need */
export function minimise(text: string, fails: (text: string) => boolean): string {
  let smallest = text;
  for (let size = Math.ceil(text.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < smallest.length; ) {
      const candidate = smallest.slice(0, at) + smallest.slice(at + size);
      if (fails(candidate)) smallest = candidate;
      else at += size;
    }
  }
  return smallest;
}
