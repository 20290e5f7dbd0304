import { badArgument } from "../errors.ts";
import type { Metadata } from "../frame/type.ts";

/** Beside which name in the metadata a request's key travels. Handlers do not see it there. */
export const IDEMPOTENCY_KEY = "$idempotency";
/** Longest key, in UTF-16 code units. */
const MAX_KEY = 256;

/** Whether it is a text of 1 to 256 characters. */
export const isIdempotencyKey = (key: unknown): key is string =>
  typeof key === "string" && key.length > 0 && key.length <= MAX_KEY;

/** @throws TroupeError `BAD_ARGUMENT` unless it is a text of 1 to 256 characters */
export function checkIdempotencyKey(key: unknown): string {
  if (isIdempotencyKey(key)) return key;
  throw badArgument(`idempotencyKey must be a text of 1 to ${MAX_KEY} characters`);
}

/**
 * The metadata of a request as it travels, in a copy: it may be sent again when its caller has written
 * something else to its own.
 *
 * @throws TroupeError `BAD_ARGUMENT` when the name of the key is taken
 */
export function withKey(
  metadata: Metadata | undefined,
  key: string | undefined,
): Metadata | undefined {
  if (metadata === undefined) return key === undefined ? undefined : { [IDEMPOTENCY_KEY]: key };
  if (IDEMPOTENCY_KEY in metadata)
    throw badArgument(`metadata.${IDEMPOTENCY_KEY} is reserved: use the option idempotencyKey`);
  return key === undefined ? { ...metadata } : { ...metadata, [IDEMPOTENCY_KEY]: key };
}

/** The metadata as a handler sees it. */
export function withoutKey(metadata: Metadata): Metadata {
  const { [IDEMPOTENCY_KEY]: _, ...rest } = metadata;
  return rest;
}
