import { Reader } from "../bytes/reader.ts";
import { encodeText } from "../bytes/text.ts";
import { Writer } from "../bytes/writer.ts";
import { broken } from "../errors.ts";
import { Payload } from "../frame/payload.ts";

/** How a request was answered: what its repeats are answered with. */
export type Outcome =
  | { readonly code: undefined; readonly payload: Payload }
  | { readonly code: string; readonly message: string; readonly payload: Payload };

/** The first byte of a record. */
const Kind = { answer: 0, failure: 1 } as const;

const MAX_CODE = 255;
/** No bound of its own: what was read from a store was written by us. */
const MAX_MESSAGE = Number.MAX_SAFE_INTEGER;

/** An outcome as it is kept, in bytes of its own: `u8 kind`, for failures `text code | text message`, payload. */
export function encodeOutcome(outcome: Outcome): Uint8Array {
  const writer = new Writer();
  const { payload } = outcome;
  if (outcome.code === undefined) {
    writer.u8(Kind.answer);
  } else {
    writer.u8(Kind.failure);
    writer.prefixed(encodeText(outcome.code));
    writer.prefixed(encodeText(outcome.message));
  }
  writer.u8(payload.tag);
  writer.bytes(payload.bytes);
  // Not the writer's memory, which has grown to twice of what is needed.
  return writer.view().slice();
}

/** @throws TroupeError `PROTOCOL` when it is nothing that {@link encodeOutcome} has made */
export function decodeOutcome(record: Uint8Array): Outcome {
  const reader = new Reader(record);
  const kind = reader.u8();
  if (kind === Kind.answer) return { code: undefined, payload: readPayload(reader) };
  if (kind !== Kind.failure) throw broken(`a kept answer of unknown kind ${kind}`);
  const code = reader.text(MAX_CODE);
  const message = reader.text(MAX_MESSAGE);
  return { code, message, payload: readPayload(reader) };
}

function readPayload(reader: Reader): Payload {
  const tag = reader.u8();
  return new Payload(tag, reader.rest());
}
