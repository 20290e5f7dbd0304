import { encodePayload, Payload } from "../frame/payload.ts";
import type { Name } from "../frame/type.ts";
import { checkRetry, checkTimeout, type RequestOptions } from "./call-options.ts";
import { checkIdempotencyKey, withKey } from "./idempotency-key.ts";
import type { Question } from "./request.ts";

/**
 * The question of a request, with all it takes to ask it again.
 *
 * @throws TroupeError `BAD_ARGUMENT` for options that cannot be, `BAD_PAYLOAD` for data that cannot
 */
export function repeatable(
  name: Name,
  options: RequestOptions,
  data: unknown,
  ejection: Question["ejection"],
  retries: Question["retries"],
): Question {
  const { metadata, timeout, signal, retry, idempotencyKey, unit, balance, key } = options;
  if (timeout !== undefined) checkTimeout(timeout);
  if (retry !== undefined) checkRetry(retry);
  if (idempotencyKey !== undefined) checkIdempotencyKey(idempotencyKey);
  let payload = encodePayload(data);
  // Whoever asks for it may write to the bytes while the request is out, as whoever does not.
  if ((retry !== undefined || idempotencyKey !== undefined) && payload.type === "binary")
    payload = new Payload(payload.tag, new Uint8Array(payload.bytes));
  return {
    name,
    metadata: withKey(metadata, idempotencyKey),
    payload,
    timeout,
    signal,
    ejection,
    retries,
    retry,
    idempotencyKey,
    unit,
    balance,
    key,
  };
}
