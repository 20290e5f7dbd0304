/** The value below which the share `q` (0 to 1) of the sorted values lies, by nearest rank. NaN for none. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  const rank = Math.ceil(q * sorted.length) - 1;
  return sorted[Math.max(0, rank)] ?? Number.NaN;
}

/** Where the middle of some rounds lies and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Of at least one value; the median of an even number is the mean of the two in the middle. */
export function spread(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length / 2;
  const low = quantile(sorted, 0.5);
  const median = Number.isInteger(half) ? (low + (sorted[half] ?? low)) / 2 : low;
  return { median, min: quantile(sorted, 0), max: quantile(sorted, 1) };
}
