import { describe, expect, test } from "vitest";
import { concat } from "../../src/bytes/bytes.ts";
import type { ErrorCode } from "../../src/errors.ts";
import { decodePayload, Payload } from "../../src/frame/payload.ts";
import { bytes } from "../crypto/support.ts";
import { isTroupeError } from "../support/errors.ts";
import { published } from "../support/published.ts";
import { noted, notedFrame } from "./notation.ts";
import { decoded } from "./support.ts";
import { type FrameVectors, makeFrameVectors } from "./vectors.ts";

const texts = published("frame", makeFrameVectors());
const vectors = JSON.parse(texts.published) as FrameVectors;

describe("the published vectors of frames", () => {
  test("are what the code does, byte for byte", () => {
    expect(texts.made).toBe(texts.published);
  });

  test.each(vectors.connections)(
    "read as they say, one by one and in one record: $comment",
    ({ frames }) => {
      const records = frames.map((frame) => bytes(frame.bytes));
      for (const read of [decoded(...records), decoded(concat(...records))]) {
        expect(read.thrown).toBeUndefined();
        expect(read.frames.map(notedFrame)).toEqual(
          frames.map(({ frame, fields }) => ({ frame, fields })),
        );
      }
    },
  );

  test.each(vectors.payloads)("hold $comment", ({ type, tag, value, bytes: encoded }) => {
    const payload = new Payload(tag, bytes(encoded));
    expect(payload.type).toBe(type);
    expect(noted(decodePayload(payload))).toEqual(value);
  });

  test.each(vectors.malformedRecords)(
    "say what becomes of $comment: $reaction",
    ({ record, heard, code }) => {
      const { frames, thrown } = decoded(bytes(record));
      expect(frames.map(([kind]) => kind.toUpperCase())).toEqual(heard);
      expect(thrown).toEqual(code === undefined ? undefined : isTroupeError(code as ErrorCode));
    },
  );

  test.each(vectors.malformedPayloads)(
    "say that refused is $comment",
    ({ tag, bytes: encoded, code }) => {
      expect(() => decodePayload(new Payload(tag, bytes(encoded)))).toThrow(
        isTroupeError(code as ErrorCode),
      );
    },
  );
});
