import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { toHex } from "../../src/bytes/bytes.ts";
import { Writer } from "../../src/bytes/writer.ts";
import { FrameEncoder } from "../../src/frame/encode.ts";
import { EXT_ERROR, EXT_MAP } from "../../src/frame/msgpack-check.ts";
import { MAX_NAMES } from "../../src/frame/names.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import { MAX_DEPTH } from "../../src/frame/structure.ts";
import {
  FrameType,
  MAX_METADATA,
  MAX_METADATA_VALUE,
  MAX_NAME,
  MAX_ROLES,
  MAX_TEXT,
} from "../../src/frame/type.ts";
import {
  MAX_HANDSHAKE_MESSAGE,
  MAX_KEY_ID,
  MAX_KEY_IDS,
  MAX_PARAMETERS,
  REFUSALS,
} from "../../src/session/suite.ts";

const page = readFileSync("docs/protocol.md", "utf8");
const WITH_METADATA: ReadonlySet<string> = new Set(["message", "request", "open"]);
const comma = (value: number): string => value.toLocaleString("en-US");

/** The cells of the table row that begins with these. */
function row(...cells: string[]): string[] | undefined {
  const rows = page.split("\n").map((line) =>
    line
      .split("|")
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
  return rows.find((found) => cells.every((cell, index) => found[index] === cell));
}

describe("docs/protocol.md says what the code does:", () => {
  test.each(Object.entries(FrameType))("the frame type of %s", (name, type) => {
    const types = WITH_METADATA.has(name) ? `${type}, ${type + 64}` : `${type}`;
    expect(row(types, name.toUpperCase())).toBeDefined();
  });

  test.each(Object.entries(REFUSALS))("refusal %s", (number, code) => {
    expect(row(number)?.[1]).toMatch(new RegExp(`^${code}:`));
  });

  test("limits", () => {
    expect(row("one handshake message")?.[1]).toBe(`${comma(MAX_HANDSHAKE_MESSAGE)} bytes`);
    expect(row("pre-shared ids offered; bytes of one")?.[1]).toBe(`${MAX_KEY_IDS}; ${MAX_KEY_ID}`);
    expect(row("parameters")?.[1]).toBe(`${MAX_PARAMETERS} bytes`);
    expect(row("role, event, metadata key, code of REJECT or CLOSE")?.[1]).toBe(
      `${MAX_NAME} bytes`,
    );
    expect(row("metadata entries; bytes of a value")?.[1]).toBe(
      `${MAX_METADATA}; ${comma(MAX_METADATA_VALUE)}`,
    );
    expect(row("message of REJECT or CLOSE")?.[1]).toBe(`${comma(MAX_TEXT)} bytes`);
    expect(row("names given a number, each way")?.[1]).toBe(comma(MAX_NAMES));
    expect(row("roles in one ROLES")?.[1]).toBe(comma(MAX_ROLES));
    expect(row("nesting of a structure")?.[1]).toBe(`${MAX_DEPTH}`);
  });

  test("the extensions of ours", () => {
    expect(row(`\`0x${EXT_MAP.toString(16)}\``)?.[1]).toBe("Map");
    expect(row(`\`0x${EXT_ERROR.toString(16)}\``)?.[1]).toBe("Error");
  });

  test("the bytes of the samples", () => {
    const name = { role: "greeter", event: "hello" };
    const get = { role: "r", event: "get" };
    const writer = new Writer();
    const encoder = new FrameEncoder(writer);
    const nothing = encodePayload(null);
    const frames: [string, () => void][] = [
      ["REQUEST", () => encoder.request(0, name, 60_000, undefined, encodePayload("Al"))],
      ["REQUEST", () => encoder.request(300, name, 60_000, { a: "b" }, nothing)],
      ["RESPONSE", () => encoder.response(300, encodePayload(true))],
      ["REJECT", () => encoder.reject(1, "REJECTED", "no", nothing)],
      ["CANCEL", () => encoder.cancel(300)],
      ["ROLES", () => encoder.roles(3, true, [{ name: "r", active: true, version: "" }])],
      ["DRAIN", () => encoder.drain()],
      ["OPEN", () => encoder.open(0, 1, get, 60_000, 262_144, undefined, encodePayload("a"))],
      ["ACCEPT", () => encoder.accept(1, 0, nothing)],
      ["DATA", () => encoder.data(1, Buffer.from("hi"))],
      ["END", () => encoder.end(1)],
    ];
    const encoded = frames.map(([type, encode]) => {
      writer.clear();
      encode();
      return `${type} ${toHex(writer.view())}`;
    });
    const shown = [...page.matchAll(/^([A-Z]+) +([0-9a-f]{2} \| [0-9a-f |]+)$/gm)].map(
      ([, type = "", bytes = ""]) => `${type} ${bytes.replace(/[ |]/g, "")}`,
    );
    expect(shown).toEqual(encoded);
  });
});
