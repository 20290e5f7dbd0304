/** An emitter that carries what its listeners are about, under a symbol of theirs. */
export type Carrier<Key extends symbol, Carried> = { [key in Key]?: Carried };

/**
 * A listener for all emitters that carry something: one function where a closure for each would take
 * memory in each.
 */
export function sharedListener<Key extends symbol, Carried, Args extends unknown[]>(
  key: Key,
  hear: (carried: Carried, ...args: Args) => void,
): (...args: Args) => void {
  // It is by `this` that an emitter says who it is.
  return function (this: Carrier<Key, Carried>, ...args: Args): void {
    const carried = this[key];
    if (carried !== undefined) hear(carried, ...args);
  };
}
