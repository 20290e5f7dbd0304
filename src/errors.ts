/**
 * Why a call, a connection or a peer failed. Codes are stable across versions: branch on them, and
 * show people the message.
 *
 * - Calls: `NO_UNITS` `NO_ROLE` `NO_EVENT` `ROLE_DISABLED` `REJECTED` `TIMEOUT` `CANCELLED`
 *   `NOT_DELIVERED` `OUTCOME_UNKNOWN` `OVERLOADED` `NOT_ALLOWED`; of streams `DISCONNECTED`, too
 * - Connecting: `CONNECT_FAILED` `HANDSHAKE_FAILED` `NO_COMMON_KEY` `WRONG_KEY` `WRONG_PEER`
 *   `KEY_CHANGED` `SELF_CONNECTION` `NOT_ALLOWED` `ADDRESS_IN_USE`
 * - What came over the wire: `PROTOCOL` `LIMIT`
 * - What was passed in: `BAD_ARGUMENT` `BAD_PAYLOAD`
 * - What is over: `CLOSED`
 */
export type ErrorCode =
  | "ADDRESS_IN_USE"
  | "BAD_ARGUMENT"
  | "BAD_PAYLOAD"
  | "CANCELLED"
  | "CLOSED"
  | "CONNECT_FAILED"
  | "DISCONNECTED"
  | "HANDSHAKE_FAILED"
  | "KEY_CHANGED"
  | "LIMIT"
  | "NO_COMMON_KEY"
  | "NO_EVENT"
  | "NO_ROLE"
  | "NO_UNITS"
  | "NOT_ALLOWED"
  | "NOT_DELIVERED"
  | "OUTCOME_UNKNOWN"
  | "OVERLOADED"
  | "PROTOCOL"
  | "REJECTED"
  | "ROLE_DISABLED"
  | "SELF_CONNECTION"
  | "TIMEOUT"
  | "WRONG_KEY"
  | "WRONG_PEER";

/** What an error carries beside its message. */
export interface TroupeErrorOptions extends ErrorOptions {
  /** For `REJECTED`: what the remote handler attached to its error; for others what helps to go on. */
  readonly details?: unknown;
}

/**
 * The only error this library throws. Branch on `code`; `message` is for people and says what to do.
 *
 * @example
 * ```ts
 * import { Peer, TroupeError } from "troupe";
 *
 * const peer = new Peer();
 * try {
 *   await peer.destination("nobody").request("hello");
 * } catch (error) {
 *   if (error instanceof TroupeError && error.code === "NO_UNITS") console.log("nobody is there yet");
 * }
 * ```
 */
export class TroupeError extends Error {
  /** Always `"TroupeError"`. */
  override readonly name = "TroupeError";
  /** What went wrong, stable across versions. */
  readonly code: ErrorCode;
  /**
   * For `REJECTED`: what the remote handler attached to its error as `details`. For `OVERLOADED`:
   * `{ retryAfter }`, the milliseconds after which to try again, where that is known.
   */
  readonly details?: unknown;

  /** Made by the library; a handler throws one to choose the `code` its caller sees. */
  constructor(code: ErrorCode, message: string, options?: TroupeErrorOptions) {
    super(message, options);
    this.code = code;
    if (options !== undefined && "details" in options) this.details = options.details;
  }

  /** Holds across two installed copies of the package, where class identity does not. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === "TroupeError" && "code" in value;
  }
}

/** The other side broke the protocol: its connection ends, the process does not. */
export const broken = (what: string): TroupeError => new TroupeError("PROTOCOL", what);

/** A caller passed something unusable. */
export const badArgument = (what: string, options?: ErrorOptions): TroupeError =>
  new TroupeError("BAD_ARGUMENT", what, options);

/** The one way in for what foreign code threw: keeps a TroupeError, wraps everything else. */
export function toTroupeError(thrown: unknown, code: ErrorCode, what: string): TroupeError {
  if (thrown instanceof TroupeError) return thrown;
  return new TroupeError(code, `${what}: ${messageOf(thrown)}`, { cause: thrown });
}

/** Text from the other side as it goes into messages and logs: on one line, and not endless. */
export const shown = (text: string): string => JSON.stringify(text.slice(0, 200));

/** The text of anything that can be thrown. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown);
  } catch {
    return "a value that cannot be shown";
  }
}
