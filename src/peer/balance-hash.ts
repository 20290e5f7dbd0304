/**
 * Finds the same item for the same key: each item gets a weight from its name and the key, and the
 * heaviest has it. An item that leaves moves only its own keys, one that comes takes its share of
 * everybody's, and whoever knows the same items finds the same one, in whatever order it met them.
 *
 * Rendezvous hashing, also called highest random weight: D. Thaler and C. Ravishankar, "Using
 * name-based mappings to increase hit rates", IEEE/ACM Transactions on Networking 6(1), 1998.
 */
export class Rendezvous<T extends object> {
  readonly #name: (item: T) => string;
  /** By item, as names are long and do not change. */
  readonly #hashes = new WeakMap<T, number>();

  /** @param name - what tells an item from all others, the same for everybody */
  constructor(name: (item: T) => string) {
    this.#name = name;
  }

  /** The item for a key, or `undefined` when there is none. */
  pick(items: readonly T[], key: string): T | undefined {
    const hash = hashOf(key);
    let best: T | undefined;
    let heaviest = -1;
    for (const item of items) {
      const weight = mix(hash ^ this.#hashOf(item));
      // Equal only when two names have one hash: the order of the items must not decide even then.
      if (weight < heaviest) continue;
      if (weight === heaviest && best !== undefined && this.#name(item) < this.#name(best))
        continue;
      best = item;
      heaviest = weight;
    }
    return best;
  }

  #hashOf(item: T): number {
    let hash = this.#hashes.get(item);
    if (hash === undefined) {
      hash = hashOf(this.#name(item));
      this.#hashes.set(item, hash);
    }
    return hash;
  }
}

/** 32 bits of a text: FNV-1a over its UTF-16 code units, mixed. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

/** Spreads 32 bits so that each of them depends on all: the last step of MurmurHash3. */
function mix(bits: number): number {
  let mixed = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
