import { describe, expect, test } from "vitest";
import { concat } from "../../src/bytes/bytes.ts";
import { Writer } from "../../src/bytes/writer.ts";
import { FrameEncoder } from "../../src/frame/encode.ts";
import { MAX_NAMES } from "../../src/frame/names.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import {
  FrameType,
  MAX_METADATA,
  MAX_METADATA_VALUE,
  MAX_NAME,
  MAX_ROLES,
  MAX_TEXT,
  METADATA,
  type Metadata,
} from "../../src/frame/type.ts";
import { isTroupeError } from "../support/errors.ts";
import { decoded, encoded, encodedOneByOne, type Frame, give } from "./support.ts";

const NOTHING = encodePayload(null);
const message = (role: string, event = "e", metadata?: Metadata): Frame => [
  "message",
  { role, event },
  metadata,
  NOTHING,
];

/** A frame written field by field: texts with their lengths, numbers as varints, bytes as they are. */
function written(type: number, ...fields: readonly (string | number | Uint8Array)[]): Uint8Array {
  const body = new Writer();
  for (const field of fields) {
    if (typeof field === "number") body.varint(field);
    else if (typeof field === "string") body.prefixed(Buffer.from(field));
    else body.bytes(field);
  }
  const frame = new Writer();
  frame.varint(body.length + 1);
  frame.u8(type);
  frame.bytes(body.view());
  return frame.view();
}

const nothing = Uint8Array.of(0);
const cut = (text: string): object => ({ frames: [], thrown: isTroupeError("PROTOCOL", text) });

describe("names", () => {
  test("are sent once and by number afterwards, each pair of role and event on its own", () => {
    const frames = [message("a", "x"), message("a", "y"), message("a", "x"), message("ax", "")];
    const lengths = encodedOneByOne([...frames, message("a", "y")]).map(({ length }) => length);
    expect(lengths).toEqual([8, 8, 4, 8, 4]);
    expect(decoded(encoded(...frames)).frames).toEqual(frames);
  });

  test("are the same object every time, so that they can be compared and looked up cheaply", () => {
    const { frames } = decoded(encoded(message("a"), message("a"), message("a")));
    const names = frames.map((frame) => frame[1]);
    expect(names[1]).toBe(names[0]);
    expect(names[2]).toBe(names[0]);
  });

  test(`are defined ${MAX_NAMES} times, and spelled out beyond that`, () => {
    const many = Array.from({ length: MAX_NAMES + 2 }, (_, i) => message(`role ${i}`));
    const again = [message("role 0"), message(`role ${MAX_NAMES}`)];
    const parts = encodedOneByOne([...many, ...again]);
    expect(decoded(concat(...parts)).frames).toEqual([...many, ...again]);
    expect(parts.at(-2)?.length).toBe(4);
    expect(parts.at(-1)?.length).toBeGreaterThan(10);
  });

  test("beyond that number cut the connection of whoever defines them all the same", () => {
    const define = (i: number): Uint8Array => written(FrameType.message, 1, `${i}`, "e", nothing);
    const all = Array.from({ length: MAX_NAMES }, (_, i) => define(i));
    expect(decoded(...all).thrown).toBeUndefined();
    expect(decoded(...all, define(MAX_NAMES)).thrown).toEqual(
      isTroupeError("PROTOCOL", `more than ${MAX_NAMES} names`),
    );
  });

  test.each([2, 3, 1026, Number.MAX_SAFE_INTEGER])(
    "by number %d are refused when never defined",
    (n) => {
      expect(decoded(written(FrameType.message, n, nothing))).toEqual(cut("was never defined"));
    },
  );

  test("spelled out without being defined get no number", () => {
    const spelled = written(FrameType.message, 0, "a", "b", nothing);
    expect(decoded(spelled, written(FrameType.message, 2, nothing)).thrown).toEqual(
      isTroupeError("PROTOCOL", "number 2 was never defined"),
    );
  });

  test.each(["role", "event"])("of %s have 255 bytes at most, on both sides", (part) => {
    const named = (name: string): Frame => (part === "role" ? message(name) : message("r", name));
    const fits = named(`${"é".repeat(127)}x`);
    expect(decoded(encoded(fits)).frames).toEqual([fits]);
    expect(() => encoded(named("é".repeat(128)))).toThrow(
      isTroupeError("BAD_ARGUMENT", `${part} name of 256 bytes`),
    );
    const texts = part === "role" ? ["x".repeat(256), ""] : ["", "x".repeat(256)];
    expect(decoded(written(FrameType.message, 0, ...texts, nothing))).toEqual(
      cut("a text of 256 bytes"),
    );
  });

  test("that are too long leave neither a number nor half a frame behind", () => {
    const writer = new Writer();
    const encoder = new FrameEncoder(writer);
    expect(() => give(encoder, message("x".repeat(256)))).toThrow(isTroupeError("BAD_ARGUMENT"));
    expect(writer.length).toBe(0);
    give(encoder, message("a"));
    give(encoder, message("a"));
    expect(decoded(writer.view()).frames).toEqual([message("a"), message("a")]);
  });

  test("of roles and events that are names of object properties are names like any other", () => {
    const frames = [message("__proto__", "constructor"), message("constructor", "__proto__")];
    const twice = [...frames, ...frames];
    expect(decoded(encoded(...twice)).frames).toEqual(twice);
  });
});

describe("metadata", () => {
  const entries = (count: number, value = "v"): Metadata =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`key ${i}`, value]));

  test.each<[string, Metadata]>([
    ["no entries", {}],
    ["as many entries as may be", entries(MAX_METADATA)],
    ["the longest key", { ["k".repeat(MAX_NAME)]: "" }],
    ["the longest value", { k: "v".repeat(MAX_METADATA_VALUE) }],
    ["a key that is a property of every object", JSON.parse('{"__proto__":"v"}') as Metadata],
  ])("travels with %s", (_, metadata) => {
    const { frames } = decoded(encoded(message("r", "e", metadata)));
    expect(Object.entries(frames[0]?.[2] ?? [])).toEqual(Object.entries(metadata));
    expect(Object.getPrototypeOf(frames[0]?.[2])).toBe(Object.prototype);
  });

  test.each([
    ["an entry too many", entries(MAX_METADATA + 1), "33 entries"],
    ["a key too long", { ["k".repeat(MAX_NAME + 1)]: "" }, "256 bytes"],
    ["a value too long", { k: "v".repeat(MAX_METADATA_VALUE + 1) }, "4097 bytes"],
    ["a value that is no text", { k: 1 } as unknown as Metadata, "metadata.k is not a string"],
  ])("is refused where it is given, with %s, and nothing is written", (_, metadata, text) => {
    const writer = new Writer();
    const encoder = new FrameEncoder(writer);
    expect(() => give(encoder, message("r", "e", metadata))).toThrow(
      isTroupeError("BAD_ARGUMENT", text),
    );
    give(encoder, message("r", "e"));
    expect(decoded(writer.view()).frames).toEqual([message("r", "e")]);
  });

  test.each<[string, (string | number)[], string]>([
    ["an entry too many", [33], "33 metadata entries"],
    ["an absurd number of entries", [2 ** 40], "metadata entries"],
    ["a key too long", [1, "k".repeat(256), ""], "a text of 256 bytes"],
    ["a value too long", [1, "k", "v".repeat(4097)], "a text of 4097 bytes"],
    ["fewer entries than announced", [2, "k", "v"], "truncated"],
  ])("cuts the connection it comes by with %s", (_, fields, text) => {
    const frame = written(FrameType.message | METADATA, 0, "r", "e", ...fields);
    expect(decoded(frame)).toEqual(cut(text));
  });
});

describe("opens", () => {
  const open = (role: string, metadata?: Metadata): Frame => [
    "open",
    0,
    1,
    { role, event: "e" },
    0,
    0,
    metadata,
    NOTHING,
  ];

  test.each([
    ["a name too long", open("x".repeat(256)), "role name of 256 bytes"],
    ["metadata that is no text", open("r", { k: 1 } as unknown as Metadata), "metadata.k"],
  ])("are refused where they are made, with %s, and leave nothing behind", (_, frame, text) => {
    const writer = new Writer();
    const encoder = new FrameEncoder(writer);
    expect(() => give(encoder, frame)).toThrow(isTroupeError("BAD_ARGUMENT", text));
    expect(writer.length).toBe(0);
    give(encoder, open("r"));
    give(encoder, message("r"));
    expect(decoded(writer.view()).frames).toEqual([open("r"), message("r")]);
  });

  test("share the numbers of names with requests and messages", () => {
    const lengths = encodedOneByOne([message("r"), open("r")]).map(({ length }) => length);
    expect(lengths).toEqual([8, 8]);
  });

  test("cut the connection they come by with metadata beyond its bounds", () => {
    const frame = written(FrameType.open | METADATA, 0, Uint8Array.of(1), 0, "r", "e", 0, 0, 33);
    expect(decoded(frame)).toEqual(cut("33 metadata entries"));
  });
});

describe("roles", () => {
  test("are so many at most", () => {
    const roles = Array.from({ length: MAX_ROLES }, () => ({
      name: "",
      active: true,
      version: "",
    }));
    expect(decoded(encoded(["roles", 1, true, roles])).thrown).toBeUndefined();
    const tooMany = encoded([
      "roles",
      1,
      true,
      [...roles, { name: "", active: true, version: "" }],
    ]);
    expect(decoded(tooMany)).toEqual(cut("4097 roles"));
    expect(decoded(written(FrameType.roles, 1, 1, 2 ** 50))).toEqual(cut("roles where at most"));
  });

  test.each([
    ["a name", "x".repeat(256), ""],
    ["a version", "", "x".repeat(256)],
  ])("are refused with %s above 255 bytes", (_, name, version) => {
    const role = written(FrameType.roles, 1, 1, 1, 1, name, version);
    expect(decoded(role)).toEqual(cut("a text of 256 bytes"));
  });
});

describe("texts for people", () => {
  const long = "x".repeat(MAX_TEXT + 1);

  test.each<[string, Uint8Array]>([
    ["the text of a reject", written(FrameType.reject, 1, "REJECTED", long, nothing)],
    ["the code of a reject", written(FrameType.reject, 1, "x".repeat(256), "", nothing)],
    ["the text of a close", written(FrameType.close, "CLOSED", long)],
    ["the code of a close", written(FrameType.close, "x".repeat(256), "")],
    ["the text of a refusal", written(FrameType.refuse, 1, "REJECTED", long, nothing)],
    ["the code of a refusal", written(FrameType.refuse, 1, "x".repeat(256), "", nothing)],
    ["the text of a reset", written(FrameType.reset, 1, 1, "REJECTED", long)],
    ["the code of a reset", written(FrameType.reset, 1, 1, "x".repeat(256), "")],
  ])("are bounded: %s", (_, frame) => {
    expect(decoded(frame)).toEqual(cut("are allowed"));
  });
});
