import type { IncomingRequest } from "../connection/connection.ts";
import { codeForRemote, unstartedDetails } from "../connection/remote-code.ts";
import { messageOf, TroupeError } from "../errors.ts";
import { encodePayload, NOTHING, type Payload } from "../frame/payload.ts";
import { withoutReason } from "./chain.ts";

/** Tells the other side of what a handler has thrown. */
export function tellFailure(
  thrown: unknown,
  tell: (code: string, message: string, details: Payload) => void,
): void {
  const error = thrown ?? withoutReason();
  const code = error instanceof TroupeError ? codeForRemote(error.code) : "REJECTED";
  tell(code, messageOf(error), detailsOf(error));
}

/** Tells the caller that no handler has seen its request, and why: it may go to another unit with it. */
export function refuseUnstarted(
  request: IncomingRequest,
  { code, message, details }: TroupeError,
): void {
  request.reject(code, message, unstartedDetails(details));
}

/** Why what a handler has answered does not leave. */
export const unsendable = (thrown: unknown): TroupeError =>
  new TroupeError("BAD_PAYLOAD", `the handler's answer cannot be sent: ${messageOf(thrown)}`);

/** An error's own `details`, or what was thrown when that is no error at all. */
function detailsOf(error: unknown): Payload {
  try {
    if (!(error instanceof Error))
      return encodePayload(typeof error === "object" ? error : undefined);
    return encodePayload("details" in error ? error.details : undefined);
  } catch {
    return NOTHING;
  }
}
