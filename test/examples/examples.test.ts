import { expect, test, vi } from "vitest";
import { linesOf } from "./programs.ts";

// Programs of their own, which take their time to start on a busy machine.
vi.setConfig({ testTimeout: 20_000 });

test("hello: a server and a client find each other in two processes", async () => {
  const lines = await linesOf("hello");
  expect(lines.map((line) => line.replace(/\d+$/, "<port>"))).toEqual([
    "server | listening on port <port>",
    "client | connected to server, which plays greeter",
    "client | Hello, world!",
  ]);
});

test("rpc-middleware: requests pass every layer, in and out", async () => {
  expect(await linesOf("rpc-middleware")).toEqual([
    "> account/deposit from client",
    "< answered",
    "client: { balance: 120, currency: 'EUR' }",
    "> account/deposit from client",
    "< failed: TroupeError: this role needs a token",
    "client: NOT_ALLOWED, this role needs a token",
    "> account/deposit from client",
    "< failed: Error: cannot deposit -1",
    "client: REJECTED, cannot deposit -1",
  ]);
});

test("preshared-keys: one is accepted, two are refused with the reason", async () => {
  const lines = await linesOf("preshared-keys");
  const of = (name: string): string[] => lines.filter((line) => line.startsWith(`${name}:`));
  expect(of("server")).toEqual([
    "server: alice has the key",
    "server: refused somebody (WRONG_KEY)",
    "server: refused somebody (NO_COMMON_KEY)",
  ]);
  expect(of("alice")).toEqual(["alice: the vault is open, alice"]);
  expect(of("mallory")).toEqual([
    'mallory: WRONG_KEY, the pre-shared key "team" is another one on the other side',
  ]);
  expect(of("eve")).toEqual([expect.stringMatching(/^eve: NO_COMMON_KEY, .*addPresharedKey\(\)$/)]);
});

test("publish-subscribe: each subscriber hears what is published while it subscribes", async () => {
  const lines = await linesOf("publish-subscribe");
  const of = (name: string): string[] => lines.filter((line) => line.startsWith(name));
  expect(of("ann")).toEqual(
    ["sun", "rain", "snow"].map((what) => `ann hears from station: ${what}`),
  );
  expect(of("ben")).toEqual(["sun", "rain"].map((what) => `ben hears from station: ${what}`));
});
