/** Numbers that a seed determines, the same on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed | 0, 0x9e3779b1) ^ 0x5bd1e995;
  }

  /** Uniform in [0, 1). The generator is mulberry32. */
  next(): number {
    return this.#draw() / 2 ** 32;
  }

  /** A whole number from 0 to `bound - 1`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** Uniform from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  /** True this often: 0 never, 1 always. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of them, or `undefined` when there is none. */
  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }

  /** One of the keys, each as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    throw new Error("nothing has any weight");
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.#draw() >>> 24;
    return bytes;
  }

  /** One that goes on by itself: who draws from it moves nobody else's numbers. */
  fork(): Random {
    return new Random(this.#draw());
  }

  #draw(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}
