/**
 * core/steps.ts: long work in steps of a millisecond or two, as a generator that yields after each: whoever runs it can
 * do other work in between.
 */
export type Steps<T> = Generator<void, T>;

/** Does all steps at once. @returns what they make */
export function allAtOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
