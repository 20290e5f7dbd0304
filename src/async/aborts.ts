/** Who wants to know that a signal has aborted. */
export interface Abortable {
  aborted(reason: unknown): void;
}

/** One listener a signal, however many wait on it: platforms warn of leaks from the eleventh on. */
const waiting = new WeakMap<AbortSignal, Waiting>();

interface Waiting {
  readonly entries: Set<Abortable>;
  readonly listener: () => void;
}

/** Tells `entry` when `signal` aborts, unless it is told off before. A signal that has aborted tells nobody. */
export function onAbort(signal: AbortSignal, entry: Abortable): void {
  let known = waiting.get(signal);
  if (known === undefined) {
    const entries = new Set<Abortable>();
    const listener = (): void => {
      waiting.delete(signal);
      for (const each of [...entries]) each.aborted(signal.reason);
    };
    known = { entries, listener };
    waiting.set(signal, known);
    signal.addEventListener("abort", listener, { once: true });
  }
  known.entries.add(entry);
}

/** `entry` does not want to know any more; the last one takes the listener with it. */
export function offAbort(signal: AbortSignal, entry: Abortable): void {
  const known = waiting.get(signal);
  if (known === undefined || !known.entries.delete(entry) || known.entries.size > 0) return;
  waiting.delete(signal);
  signal.removeEventListener("abort", known.listener);
}
