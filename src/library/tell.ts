/** library/tell.ts: calls what a program has given to be called. */

/** A listener's failure is its program's to hear of, but not in the middle of the balancer's work. */
export function tell<T>(listener: (what: T) => void, what: T): void {
  try {
    listener(what);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
