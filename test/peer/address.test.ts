import { expect, it } from "vitest";
import { parseAddress } from "../../src/peer/address.ts";

const ID = "0f".repeat(32);

it("reads scheme, host, port and path", () => {
  const { url, pin } = parseAddress("wss://mesh.example:9000/peers?x=1");
  expect(url.href).toBe("wss://mesh.example:9000/peers?x=1");
  expect(pin).toBeUndefined();
});

it("takes the pinned key off the address", () => {
  const { url, pin, key } = parseAddress(`ws://localhost:9000#${ID.toUpperCase()}`);
  expect(url.href).toBe("ws://localhost:9000/");
  expect(pin).toBe(ID);
  expect(key).toBe("ws://localhost:9000/");
});

it.each([
  ["ws://localhost", "ws://localhost:80/"],
  ["WS://LocalHost:9000", "ws://localhost:9000"],
  ["wss://localhost:443/", "wss://localhost"],
  [`ws://localhost:9000#${ID}`, "ws://localhost:9000"],
])("knows %s and %s for the same place", (one, other) => {
  expect(parseAddress(one).key).toBe(parseAddress(other).key);
});

it("reads IPv6 addresses in brackets", () => {
  expect(parseAddress("ws://[::1]:9000").url.host).toBe("[::1]:9000");
});

it.each([
  ["no text", 9000],
  ["nothing", undefined],
  ["an empty text", ""],
  ["no scheme", "localhost:9000"],
  ["only a port", ":9000"],
  ["another scheme", "http://localhost:9000"],
  ["a scheme that no browser knows", "tcp://localhost:9000"],
  ["no host", "ws://"],
  ["a port that is none", "ws://localhost:65536"],
  ["a bare IPv6 address", "ws://::1:9000"],
  ["user and password", "ws://user:secret@localhost:9000"],
  ["a pin that is too short", "ws://localhost:9000#abcd"],
  ["a pin that is not hexadecimal", `ws://localhost:9000#${"zz".repeat(32)}`],
])("refuses an address that is %s", (_what, text) => {
  expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: "BAD_ARGUMENT" }));
});

it("does not repeat a password in the error about it", () => {
  expect(() => parseAddress("ws://user:secret@localhost")).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining("secret") }),
  );
});
