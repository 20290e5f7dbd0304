import { messageOf, TroupeError } from "../errors.ts";

/**
 * Why a half was given up, as the other side is to hear it. No cause, or the one that platforms put
 * where there is none (leaving a `for await`, an abort without a reason), is a stream nobody wants any more.
 */
export function reasonOf(cause: unknown): TroupeError {
  if (cause instanceof TroupeError) return cause;
  if (cause === undefined || cause === null || isAbort(cause)) {
    return new TroupeError("CANCELLED", "the other side gave the stream up");
  }
  return new TroupeError("REJECTED", messageOf(cause), { cause });
}

/** The same, as whoever waits on this side is to hear it. */
export function localReason(cause: unknown): Error {
  if (cause instanceof Error) return cause;
  if (cause !== undefined && cause !== null) return reasonOf(cause);
  return new TroupeError("CANCELLED", "the stream was given up on this side before it was over");
}

const isAbort = (cause: unknown): boolean => cause instanceof Error && cause.name === "AbortError";
