import { EventEmitter } from "eventemitter3";

/** A list of events: name to listener parameters. */
export type EventMap<T> = { readonly [K in keyof T]: unknown[] };

type Listener = (...args: unknown[]) => void;

/** The same guard for the same listener, so that it can be found again to be taken off. */
const guards = new WeakMap<object, Listener>();

/**
 * Announces facts to users. A listener that throws neither stops the others nor reaches the sender:
 * its error surfaces like one of a timer callback, as an uncaught exception of the user's own code.
 */
export class Emitter<Events extends EventMap<Events>> {
  /** Made for the first listener: most of what could be listened to never is. */
  #made: EventEmitter | undefined;

  get #inner(): EventEmitter {
    this.#made ??= new EventEmitter();
    return this.#made;
  }

  /** Calls `listener` at each `event` from now on. */
  on<K extends keyof Events & string>(event: K, listener: (...args: Events[K]) => void): this {
    this.#inner.on(event, guard(listener));
    return this;
  }

  /** Calls `listener` at the next `event` only. */
  once<K extends keyof Events & string>(event: K, listener: (...args: Events[K]) => void): this {
    this.#inner.once(event, guard(listener));
    return this;
  }

  /** Takes `listener` off again. */
  off<K extends keyof Events & string>(event: K, listener: (...args: Events[K]) => void): this {
    this.#inner.off(event, guard(listener));
    return this;
  }

  /** How many listeners `event` has. */
  listenerCount(event: keyof Events & string): number {
    return this.#made?.listenerCount(event) ?? 0;
  }

  /** @internal For the owner: tells all listeners. */
  emit<K extends keyof Events & string>(event: K, ...args: Events[K]): void {
    this.#made?.emit(event, ...args);
  }
}

function guard<Args extends unknown[]>(listener: (...args: Args) => void): Listener {
  let guarded = guards.get(listener);
  if (guarded === undefined) {
    guarded = (...args): void => {
      try {
        listener(...(args as Args));
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    };
    guards.set(listener, guarded);
  }
  return guarded;
}
