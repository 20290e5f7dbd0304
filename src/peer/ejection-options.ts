import { badArgument } from "../errors.ts";

/** When a destination sets units aside that fail, and for how long. */
export interface EjectionOptions {
  /** So many calls in a row that come to nothing set a unit aside: a whole number, 1 to 1,000. Default 5. */
  readonly failures?: number | undefined;
  /**
   * Milliseconds until one call tries it again, above 0; twice as many after each failure, up to
   * 60,000, and 10 % more or less by chance. Default 5,000.
   */
  readonly time?: number | undefined;
  /**
   * Which share of the units may be set aside at the same time, rounded down: above 0, up to 1. One is
   * left in any case. Default 0.5.
   */
  readonly share?: number | undefined;
}

/** @internal The same with nothing left open. */
export interface EjectionRules {
  readonly failures: number;
  readonly time: number;
  readonly share: number;
}

const DEFAULTS: EjectionRules = { failures: 5, time: 5_000, share: 0.5 };
const MOST_FAILURES = 1000;

/**
 * @internal What holds for a destination; `undefined` when it sets nobody aside.
 *
 * @throws TroupeError `BAD_ARGUMENT` for what is not as {@link EjectionOptions} has it
 */
export function checkEjection(
  what: string,
  options: EjectionOptions | false | undefined,
): EjectionRules | undefined {
  if (options === false) return undefined;
  if (options === undefined) return DEFAULTS;
  if (typeof options !== "object" || options === null)
    throw badArgument(`${what} must be false or an object, not ${String(options)}`);
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(DEFAULTS, name)) continue;
    throw badArgument(`${what}.${name} is unknown; there are ${Object.keys(DEFAULTS).join(", ")}`);
  }
  const { failures = DEFAULTS.failures, time = DEFAULTS.time, share = DEFAULTS.share } = options;
  if (!(Number.isInteger(failures) && failures >= 1 && failures <= MOST_FAILURES)) {
    const range = `a whole number from 1 to ${MOST_FAILURES}`;
    throw badArgument(`${what}.failures must be ${range}, not ${String(failures)}`);
  }
  if (!(Number.isFinite(time) && time > 0))
    throw badArgument(`${what}.time must be milliseconds above 0, not ${String(time)}`);
  if (!(Number.isFinite(share) && share > 0 && share <= 1))
    throw badArgument(`${what}.share must be above 0 and at most 1, not ${String(share)}`);
  return { failures, time, share };
}
