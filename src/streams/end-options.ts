import type { StreamUser } from "../connection/stream.ts";
import { badArgument } from "../errors.ts";

/** How a stream buffers on this side. */
export interface EndOptions {
  /**
   * Bytes that the stream itself holds before it asks those who write to wait, a whole number from 0.
   * Default 64 KiB. Web streams hold none of what is to be read: they ask for it when somebody reads.
   */
  readonly highWaterMark?: number | undefined;
}

/** A stream of the platform, and what is to be told of the end it stands on. */
export interface Made<S> {
  /** What people read and write; it may be used at once, and waits for its end. */
  readonly stream: S;
  /** What hears of the other side. */
  readonly user: StreamUser;
}

const DEFAULT = 64 * 1024;

/**
 * The bytes to hold.
 *
 * @throws TroupeError `BAD_ARGUMENT` for anything but a whole number from 0
 */
export function highWaterMarkOf(options: EndOptions | undefined): number {
  const value: unknown = options?.highWaterMark ?? DEFAULT;
  if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value);
  throw badArgument(`highWaterMark must be a whole number of bytes from 0, not ${String(value)}`);
}
