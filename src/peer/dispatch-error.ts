import { encodePayload, NOTHING, type Payload } from "../frame/payload.ts";

/** An error's own `details`, or what was thrown when that is no error at all. */
export function detailsOf(error: unknown): Payload {
  try {
    if (!(error instanceof Error))
      return encodePayload(typeof error === "object" ? error : undefined);
    return encodePayload("details" in error ? error.details : undefined);
  } catch {
    return NOTHING;
  }
}
