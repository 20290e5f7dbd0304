import { readdirSync, readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { linesOf } from "./programs.ts";

// Programs of their own, several at once, which take their time to start on a busy machine.
vi.setConfig({ testTimeout: 30_000 });
const onlyPosix = process.platform === "win32" ? test.skip : test.concurrent;

test.concurrent("rpc: an answer, and every way not to get one", async () => {
  expect(await linesOf("rpc")).toEqual([
    "server says: 3",
    'nothing to add up: REJECTED {"count":0}',
    "a name mistyped: NO_EVENT",
    "no time: TIMEOUT",
    "changed my mind: CANCELLED",
    "nobody there: NO_UNITS",
  ]);
});

test.concurrent("event: one unit is told, in turn, or all of them, in order", async () => {
  const lines = await linesOf("event");
  const of = (name: string): string[] => lines.filter((line) => line.startsWith(`${name}:`));
  const [first, ...told] = of("till");
  expect(first).toBe("till: soup is for nobody, the kitchens are closed");
  expect(told.at(-1)).toBe("till: 2 kitchens are told to close");
  const orders = told.flatMap((line) => [...line.matchAll(/^till: (\w+) is for (\w+)$/g)]);
  expect(orders.map(([, dish]) => dish)).toEqual(["soup", "pasta", "cake"]);
  expect(orders[0]?.[2]).toBe(orders[2]?.[2]);
  for (const name of ["ann", "ben"]) {
    const dishes = orders.filter(([, , unit]) => unit === name).map(([, dish]) => dish);
    expect(dishes.length).toBeGreaterThan(0);
    expect(of(name)).toEqual([
      ...dishes.map((dish) => `${name}: ${dish} for table 7`),
      `${name}: that was the last one`,
    ]);
  }
});

test.concurrent("pipeline: all bytes go through three peers and come back changed", async () => {
  expect(await linesOf("pipeline")).toEqual([
    "count: 4,200,000 bytes went through",
    "source: 4,200,000 bytes came back, 0 chunks wrong",
  ]);
});

test.concurrent("bus: everybody hears everybody else, and who has left is not missed", async () => {
  expect(await linesOf("bus")).toEqual([
    "ann tells ben and cleo",
    "ben tells ann and cleo",
    "cleo tells ann and ben",
    "ann has heard ben: I am ben and cleo: I am cleo",
    "ben has heard ann: I am ann and cleo: I am cleo",
    "cleo has heard ann: I am ann and ben: I am ben",
    "ann tells ben: ann: Who is left?",
  ]);
});

test.concurrent("survey: ends with a quorum, or at its deadline, and names who was silent", async () => {
  expect(await linesOf("survey")).toEqual([
    "quorum: ann yes, ben yes, cleo no; not waited for: dora, emil",
    'deadline: {"yes":2,"no":0,"failed":1} of 5; silent: dora, emil',
  ]);
});

test.concurrent("file-transfer: a file arrives as it was, both ways, and is seen to come", async () => {
  expect(await linesOf("file-transfer")).toEqual(
    ["upload", "download"].flatMap((what) => [
      ...[10, 50, 100].map((percent) => `${what}: ${percent} %`),
      `${what}: the checksums are the same`,
    ]),
  );
});

test.concurrent("client-as-service: who listens nowhere serves who calls at the gate", async () => {
  expect(await linesOf("client-as-service")).toEqual([
    "worker: listens nowhere",
    "gate: 320",
    "caller: 240, by way of gate",
    "caller: REJECTED, too small already",
  ]);
});

test.concurrent("redundant-connections: one is cut, and goes on by the way of the other", async () => {
  expect(await linesOf("redundant-connections")).toEqual([
    "2 connections to server, 1 of them by the first way",
    "1000 answered",
    "2 connections to server, 2 of them by the first way",
  ]);
});

// On Windows a process cannot be asked to leave by a signal.
onlyPosix("graceful-restart: nobody notices that a worker is restarted", async () => {
  expect(await linesOf("graceful-restart")).toEqual([
    "ann and ben answer",
    "ann has left (exit code 0)",
    "ben answers",
    "ann is back and answers",
    expect.stringMatching(/^\d{3,} calls answered, 0 failed$/),
  ]);
});

test.concurrent("many-roles: each has callers of its own, and goes by itself", async () => {
  expect(await linesOf("many-roles")).toEqual([
    "owner: house plays door, heating, light",
    "owner: light/switch: on",
    "owner: heating/set: 21 degrees",
    "owner: door/open: come in",
    "guest: house plays door, heating, light",
    "guest: light/switch: off",
    "guest: heating/set: 21 degrees",
    "guest: door/open: NOT_ALLOWED",
    "owner: heating/set: NO_UNITS",
    "owner: light/switch: on",
    "owner: alarm/arm: armed",
  ]);
});

test("docs/patterns.md names the command of every example, and no other", () => {
  const page = readFileSync("docs/patterns.md", "utf8");
  const named = [...page.matchAll(/npm run example ([\w-]+)/g)].map(([, name = ""]) => name);
  const folders = readdirSync("examples", { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect(new Set(named)).toEqual(new Set(folders.filter((name) => !FIRST_STEPS.includes(name))));
});

/** Examples that show how to begin, and no pattern. */
const FIRST_STEPS = ["demo", "hello", "preshared-keys"];
