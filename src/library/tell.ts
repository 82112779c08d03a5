/** library/tell.ts: calls the listeners of a program. */

/**
 * Calls `listener`. If it throws, the error is thrown again in a microtask, so that it does not interrupt the balancer.
 */
export function tell<T>(listener: (what: T) => void, what: T): void {
  try {
    listener(what);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
