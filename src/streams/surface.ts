/**
 * What a listener of the user's threw comes up like an error of a timer callback, as an uncaught
 * exception of the user's own code: the connection that called must not take it for its own.
 */
export function surface(thrown: unknown): void {
  queueMicrotask(() => {
    throw thrown;
  });
}
