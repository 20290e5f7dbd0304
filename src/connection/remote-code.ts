import { type ErrorCode, TroupeError } from "../errors.ts";
import { decodePayload, type Payload } from "../frame/payload.ts";

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

const isRemoteCode = (code: string): code is ErrorCode => REMOTE_CODES.has(code);

/** The code to send for an error that a handler has thrown. */
export const codeForRemote = (code: string): ErrorCode => (isRemoteCode(code) ? code : "REJECTED");

/** The error a caller sees for a reject that came from the other side. */
export const remoteError = (code: string, message: string, details: Payload): TroupeError =>
  detailed(codeForRemote(code), message, details);

/** The code to send for a stream that fails. */
export const codeForReset = (code: string): ErrorCode =>
  code === "CANCELLED" ? code : codeForRemote(code);

/** The error an opener sees for a stream that was not taken: giving one up before is refusing it. */
export const refusalError = (code: string, message: string, details: Payload): TroupeError =>
  detailed(codeForReset(code), message, details);

/** The error this side sees for a stream that the other side failed. */
export const resetError = (code: string, message: string): TroupeError =>
  new TroupeError(codeForReset(code), message);

function detailed(code: ErrorCode, message: string, details: Payload): TroupeError {
  const value = decodePayload(details);
  return new TroupeError(code, message, value === null ? {} : { details: value });
}
