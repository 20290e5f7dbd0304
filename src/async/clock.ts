/** A timer that has not run yet. */
export interface Timer {
  /** Prevents it from running; harmless afterwards. */
  cancel(): void;
}

/** All the time there is for a peer: a simulation passes one of its own in. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number;
  /** Runs `run` once, `ms` milliseconds from now. With `idle`, waiting for it keeps no process alive. */
  after(ms: number, run: () => void, idle?: boolean): Timer;
  /** Runs `run` when what happens in this turn of the event loop has happened, promises included. */
  soon(run: () => void): void;
}

/** The longest delay a platform timer takes; a longer one would fire at once. */
const MAX_DELAY = 2 ** 31 - 1;

class SystemTimer implements Timer {
  #handle: ReturnType<typeof setTimeout>;

  constructor(ms: number, run: () => void, idle: boolean) {
    this.#handle = setTimeout(run, Math.min(Math.max(ms, 0), MAX_DELAY));
    if (idle && typeof this.#handle === "object") this.#handle.unref();
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }
}

/** `setImmediate` where there is one, else a message channel: both run after all promise jobs. */
function platformSoon(): (run: () => void) => void {
  if (typeof setImmediate === "function") return (run) => void setImmediate(run);
  const queue: (() => void)[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = (): void => queue.shift()?.();
  return (run) => {
    queue.push(run);
    port2.postMessage(0);
  };
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, run, idle = false) => new SystemTimer(ms, run, idle),
  soon: platformSoon(),
};
