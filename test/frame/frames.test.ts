import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat } from "../../src/bytes/bytes.ts";
import { Writer } from "../../src/bytes/writer.ts";
import { FrameDecoder } from "../../src/frame/decode.ts";
import { FrameEncoder } from "../../src/frame/encode.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import { FrameType, IGNORABLE, METADATA } from "../../src/frame/type.ts";
import { hex } from "../crypto/support.ts";
import { isTroupeError } from "../support/errors.ts";
import { anyFrame, decoded, encoded, encodedOneByOne, type Frame, Heard, raw } from "./support.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

const NOTHING = encodePayload(null);
const ping: Frame = ["ping", 1];
const types: ReadonlySet<number> = new Set(Object.values(FrameType));
const WITH_METADATA: ReadonlySet<number> = new Set([
  FrameType.message,
  FrameType.request,
  FrameType.open,
]);

/** `bytes` cut at the given places, each taken modulo what is left. */
function cutUp(frames: readonly Uint8Array[], places: readonly number[]): Uint8Array[] {
  const records: Uint8Array[] = [];
  let left = [...frames];
  for (const place of places) {
    const count = place % (left.length + 1);
    records.push(concat(...left.slice(0, count)));
    left = left.slice(count);
  }
  return [...records, concat(...left)];
}

describe("frames", () => {
  test("come out as they went in, however they are spread over records", () => {
    fc.assert(
      fc.property(fc.array(anyFrame), fc.array(fc.nat(20)), (frames, places) => {
        const records = cutUp(encodedOneByOne(frames), places);
        expect(decoded(...records)).toEqual({ frames, thrown: undefined });
      }),
      { numRuns: 300 },
    );
  });

  test("are copied byte for byte by a decoder whose sink is an encoder", () => {
    fc.assert(
      fc.property(fc.array(anyFrame), (frames) => {
        const record = encoded(...frames);
        const writer = new Writer();
        new FrameDecoder().decode(record, new FrameEncoder(writer));
        expect(hex(writer.view())).toBe(hex(record));
      }),
      { numRuns: 300 },
    );
  });

  test("may be cut anywhere, changed anywhere, or be rubbish: the frames before are heard, the rest is PROTOCOL", () => {
    const damage = fc.oneof(
      fc.nat().map((at) => (b: Uint8Array) => b.subarray(0, at % (b.length + 1))),
      fc.tuple(fc.nat(), fc.nat(255)).map(([at, value]) => (b: Uint8Array) => {
        const copy = Uint8Array.from(b);
        if (b.length > 0) copy[at % b.length] = value;
        return copy;
      }),
      fc.uint8Array({ maxLength: 80 }).map((rubbish) => () => rubbish),
    );
    fc.assert(
      fc.property(fc.array(anyFrame), anyFrame, damage, (whole, broken, apply) => {
        const parts = encodedOneByOne([...whole, broken]);
        const last = parts.pop() ?? raw(0);
        const { frames, thrown } = decoded(concat(...parts, apply(last)));
        expect(frames.slice(0, whole.length)).toEqual(whole);
        if (thrown !== undefined) expect(thrown).toEqual(isTroupeError("PROTOCOL"));
      }),
      { numRuns: 1000 },
    );
  });

  test("of any unknown type are skipped when it is ignorable, and refused otherwise", () => {
    for (let type = 0; type < 256; type++) {
      if (types.has(type & ~METADATA)) continue;
      const { frames, thrown } = decoded(concat(raw(type, 1, 2, 3), encoded(ping)));
      const refused = isTroupeError("PROTOCOL", `unknown frame type ${type}`);
      expect([frames, thrown]).toEqual(type & IGNORABLE ? [[ping], undefined] : [[], refused]);
    }
  });

  test("that know no metadata have no form with it", () => {
    for (const type of types) {
      if (WITH_METADATA.has(type)) continue;
      const thrown = isTroupeError("PROTOCOL", "unknown frame type");
      expect(decoded(raw(type | METADATA, 0))).toEqual({ frames: [], thrown });
    }
  });

  test.each([
    ["cancel", raw(FrameType.cancel, 1, 0)],
    ["ping", raw(FrameType.ping, 1, 0)],
    ["pong", raw(FrameType.pong, 1, 0)],
    ["drain", raw(FrameType.drain, 0)],
    ["roles", raw(FrameType.roles, 1, 1, 0, 0)],
    ["close", raw(FrameType.close, 0, 0, 0)],
    ["end", raw(FrameType.end, 1, 0)],
    ["reset", raw(FrameType.reset, 1, 1, 0, 0, 0)],
    ["credit", raw(FrameType.credit, 1, 1, 0)],
  ])("of a fixed shape (%s) are refused with a byte too many", (_, bytes) => {
    expect(decoded(bytes)).toEqual({
      frames: [],
      thrown: isTroupeError("PROTOCOL", "1 bytes too many"),
    });
  });

  test.each([0, 4, 5, 7, 255])("for the halves %d of a stream are refused", (halves) => {
    const refused = {
      frames: [],
      thrown: isTroupeError("PROTOCOL", `${halves} stands for no half`),
    };
    expect(decoded(raw(FrameType.open, 0, halves, 0, 0, 0, 0, 0, 0))).toEqual(refused);
    expect(decoded(raw(FrameType.reset, 0, halves, 0, 0))).toEqual(refused);
  });

  test("of a stream's bytes have as many as their frame, and may have none", () => {
    const { frames } = decoded(concat(raw(FrameType.data, 1, 7, 8), raw(FrameType.data, 2)));
    expect(frames).toEqual([
      ["data", 1, Uint8Array.of(7, 8)],
      ["data", 2, new Uint8Array(0)],
    ]);
  });

  test.each([
    ["open", raw(FrameType.open, 0, 1, 0, 0, 0, 0, 0)],
    ["accept", raw(FrameType.accept, 1, 0)],
    ["refuse", raw(FrameType.refuse, 1, 0, 0)],
    ["data", raw(FrameType.data)],
    ["end", raw(FrameType.end)],
    ["reset", raw(FrameType.reset, 1, 1, 0)],
    ["credit", raw(FrameType.credit, 1)],
  ])("of streams (%s) are refused without their last field", (_, bytes) => {
    expect(decoded(bytes)).toEqual({ frames: [], thrown: isTroupeError("PROTOCOL", "truncated") });
  });

  test("that announce more than their record holds are refused before anything is reserved", () => {
    const huge = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 8, 1);
    expect(decoded(huge).thrown).toEqual(isTroupeError("PROTOCOL", "bytes announced, 2 there"));
  });

  test("without a type are refused", () => {
    expect(decoded(Uint8Array.of(0)).thrown).toEqual(isTroupeError("PROTOCOL", "truncated"));
  });

  test("in an empty record are none", () => {
    expect(decoded(new Uint8Array(0))).toEqual({ frames: [], thrown: undefined });
  });

  test("carry a request of 100 bytes with at most 12 bytes beside it, in steady state", () => {
    const name = { role: "greeter", event: "hello" };
    const request = (correlation: number): Frame => [
      "request",
      correlation,
      name,
      60_000,
      undefined,
      encodePayload(new Uint8Array(100)),
    ];
    const [, ...steady] = encodedOneByOne([1, 100, 1000, 65_535].map(request));
    for (const { length } of steady) expect(length - 100).toBeLessThanOrEqual(12);
    expect((steady[0]?.length ?? 0) - 100).toBe(8);
  });

  test("go on being read after a sink has thrown in the middle of a record", () => {
    const decoder = new FrameDecoder();
    class Throwing extends Heard {
      override ping(): void {
        throw new Error("from the sink");
      }
    }
    expect(() => decoder.decode(encoded(ping), new Throwing())).toThrow("from the sink");
    const heard = new Heard();
    decoder.decode(encoded(["drain"], ping), heard);
    expect(heard.frames).toEqual([["drain"], ping]);
  });

  test("are read no more, not even in the same record, once the decoder is stopped", () => {
    const decoder = new FrameDecoder();
    class Stopping extends Heard {
      override drain(): void {
        super.drain();
        decoder.stop();
      }
    }
    const heard = new Stopping();
    decoder.decode(concat(encoded(ping, ["drain"], ping), raw(0)), heard);
    decoder.decode(encoded(ping), heard);
    expect(heard.frames).toEqual([ping, ["drain"]]);
  });

  test("take flags they do not know in a role for nothing", () => {
    const { frames } = decoded(raw(FrameType.roles, 7, 2, 2, 0xfe, 1, 65, 0, 0xff, 1, 66, 1, 49));
    expect(frames).toEqual([
      [
        "roles",
        7,
        false,
        [
          { name: "A", active: false, version: "" },
          { name: "B", active: true, version: "1" },
        ],
      ],
    ]);
  });

  test("that tell people why have their text cut between characters", () => {
    const telling = (text: string): Frame[] => [
      ["reject", 1, "REJECTED", text, NOTHING],
      ["close", "CLOSED", text],
      ["refuse", 1, "REJECTED", text, NOTHING],
      ["reset", 1, 3, "REJECTED", text],
    ];
    const { frames } = decoded(encoded(...telling(`a${"é".repeat(3000)}`)));
    expect(frames).toEqual(telling(`a${"é".repeat(2047)}`));
  });
});
