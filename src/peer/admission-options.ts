import { badArgument } from "../errors.ts";
import type { RateOptions } from "./admission-rate.ts";

/** How much a role takes on at once. Each can be changed later by `peer.role(name, { ... })`. */
export interface AdmissionOptions {
  /**
   * Handlers of the role that run at once, from 1 on; calls beyond them wait for their turn. A handler
   * runs until its answer is there, that of a stream until the stream is taken. Default 1,024.
   * `Infinity` switches waiting off: every call starts as it comes.
   */
  readonly concurrency?: number | undefined;
  /**
   * Calls that may wait for their turn, the oldest first, from 0 on. Beyond them, and when a request would
   * wait for more than half of the time that its caller has left, requests and streams are refused with
   * `OVERLOADED` at once, and messages dropped. Default 1,024, or as many as the role's handlers do in
   * 250 ms where those are more.
   */
  readonly queue?: number | undefined;
  /**
   * Calls that one caller, known by its public key, may make. Beyond them requests and streams are
   * refused with `OVERLOADED`, and messages dropped. Default no bound; `{ perSecond: Infinity }` takes a
   * bound off again.
   */
  readonly rate?: RateOptions | undefined;
}

/** @throws TroupeError `BAD_ARGUMENT` for anything out of range */
export function checkAdmission(role: string, { concurrency, queue, rate }: AdmissionOptions): void {
  if (concurrency !== undefined) checkCount(`role "${role}": concurrency`, concurrency, 1);
  if (queue !== undefined) checkCount(`role "${role}": queue`, queue, 0);
  if (rate === undefined) return;
  if (typeof rate !== "object" || rate === null || !(rate.perSecond > 0))
    throw badArgument(`role "${role}": rate must be { perSecond: a number above 0 }`);
  if (rate.burst !== undefined) checkCount(`role "${role}": rate.burst`, rate.burst, 1);
}

function checkCount(what: string, count: number, least: number): void {
  if (count === Number.POSITIVE_INFINITY) return;
  if (Number.isSafeInteger(count) && count >= least) return;
  throw badArgument(
    `${what} must be a whole number from ${least} on, or Infinity, not ${String(count)}`,
  );
}
