import { type ErrorCode, TroupeError } from "../errors.ts";
import { decodePayload, encodePayload, type Payload } from "../frame/payload.ts";

/**
 * What a remote handler may make its caller see. All other codes are this side's own findings: a
 * TIMEOUT here is never one that the handler met elsewhere.
 */
const REMOTE_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  "BAD_PAYLOAD",
  "LIMIT",
  "NO_EVENT",
  "NO_ROLE",
  "NOT_ALLOWED",
  "OVERLOADED",
  "ROLE_DISABLED",
]);

/** What only the other side's library says, of a request that no handler of its has seen. */
const LIBRARY_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  "BAD_ARGUMENT",
  "NOT_DELIVERED",
  "OUTCOME_UNKNOWN",
]);

/**
 * The key in the details of a REJECT that says: this request was not started. A handler may throw the
 * same codes after half of its work, so the code alone does not say so.
 */
const UNSTARTED = "$unstarted";

const unstarted = new WeakSet<TroupeError>();

const isRemoteCode = (code: string): code is ErrorCode => REMOTE_CODES.has(code);

/** The code to send for an error that a handler has thrown. */
export const codeForRemote = (code: string): ErrorCode => (isRemoteCode(code) ? code : "REJECTED");

/** The error a caller sees for a reject that came from the other side. */
export function remoteError(code: string, message: string, details: Payload): TroupeError {
  const value = decodePayload(details);
  if (typeof value !== "object" || value === null || !(UNSTARTED in value))
    return withDetails(codeForRemote(code), message, value);
  // Not shown: a handler that passes the error on must not say it of its own request.
  const { [UNSTARTED]: _, ...rest } = value;
  const known = LIBRARY_CODES.has(code) ? (code as ErrorCode) : codeForRemote(code);
  const error = withDetails(known, message, Object.keys(rest).length === 0 ? null : rest);
  unstarted.add(error);
  return error;
}

/** Whether the other side says of a failed request that this time it was not started. */
export const isUnstarted = (error: TroupeError): boolean => unstarted.has(error);

/** The details that say that a request was not started, beside what an error says itself. */
export function unstartedDetails(details: unknown): Payload {
  if (typeof details !== "object" || details === null) return NOTHING_ELSE;
  return encodePayload({ ...details, [UNSTARTED]: true });
}

const NOTHING_ELSE = encodePayload({ [UNSTARTED]: true });

/** The code to send for a stream that fails. */
export const codeForReset = (code: string): ErrorCode =>
  code === "CANCELLED" ? code : codeForRemote(code);

/** The error an opener sees for a stream that was not taken: giving one up before is refusing it. */
export const refusalError = (code: string, message: string, details: Payload): TroupeError =>
  withDetails(codeForReset(code), message, decodePayload(details));

/** The error this side sees for a stream that the other side failed. */
export const resetError = (code: string, message: string): TroupeError =>
  new TroupeError(codeForReset(code), message);

const withDetails = (code: ErrorCode, message: string, details: unknown): TroupeError =>
  new TroupeError(code, message, details === null ? {} : { details });
