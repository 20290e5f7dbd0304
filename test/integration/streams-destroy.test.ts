import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { TroupeError } from "troupe";
import { describe, expect, it, onTestFinished } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { next, signal, turn, UNRESUMED } from "../support/mesh.ts";
import { expectServed } from "./served.ts";
import {
  content,
  cuttable,
  type End,
  expectIdle,
  Fate,
  handle,
  isReadable,
  isWritable,
  KINDS,
  type Kind,
  open,
  type Stage,
  stage,
} from "./streams.ts";

/** More than any window and all buffers: it never leaves while nobody reads. */
const MUCH = content(2 * 1024 * 1024);

/** Both ends of one stream. */
interface Ends {
  readonly ours: Fate;
  readonly theirs: Fate;
}

/** How far a stream is when it is destroyed. */
const STATES = [
  "before it is taken",
  "when it is taken, before the first byte",
  "in the middle, with much to write and nobody who reads",
  "in the middle of reading",
  "when all is written and nothing is read",
  "when one of two directions is over",
] as const;
type State = (typeof STATES)[number];

/** How each state is reached once the stream is taken. */
const WAYS: Readonly<Record<State, (ends: Ends, on: Stage) => Promise<unknown>>> = {
  "before it is taken": () => Promise.resolve(),
  "when it is taken, before the first byte": () => Promise.resolve(),
  "in the middle, with much to write and nobody who reads": (ends) => {
    for (const writable of writablesOf(ends)) writable.write(MUCH);
    return turn();
  },
  "in the middle of reading": ({ ours, theirs }) =>
    Promise.all([passChunk(ours.end, theirs.end), passChunk(theirs.end, ours.end)]),
  "when all is written and nothing is read": (ends, on) => {
    for (const writable of writablesOf(ends)) writable.end("the end");
    return expectIdle(on);
  },
  "when one of two directions is over": async ({ ours, theirs }) => {
    if (!(isReadable(ours.end) && isWritable(ours.end) && isReadable(theirs.end))) return;
    ours.end.end("the end");
    await once(theirs.end.resume(), "end");
  },
};

const writablesOf = ({ ours, theirs }: Ends): Writable[] =>
  [ours.end, theirs.end].filter(isWritable);

/** Opens a stream and brings it as far. */
async function bring(state: State, kind: Kind, on: Stage, event = "do"): Promise<Ends> {
  const reached = signal<End>();
  const taken = signal<unknown>();
  const waits = state === "before it is taken";
  handle(on.server, event, (end) => {
    reached.fire(end);
    return waits ? new Promise(() => {}) : "taken";
  });
  const end = open(on.svc, kind, event, null, { onAccept: taken.fire });
  const ends = { ours: new Fate(end), theirs: new Fate(await reached.promise) };
  if (!waits) await taken.promise;
  await WAYS[state](ends, on);
  return ends;
}

/** One side writes a chunk and goes on writing, the other has read the chunk. */
async function passChunk(from: End, to: End): Promise<void> {
  if (!isWritable(from) || !isReadable(to)) return;
  const read = once(to, "readable");
  (from as Writable).write("a chunk");
  await read;
  (to as Readable).read();
  (from as Writable).write(MUCH);
}

/** Both have ended as they should: whoever had still to read has done so. */
async function bothClosed({ ours, theirs }: Ends): Promise<void> {
  for (const { end } of [ours, theirs]) {
    if (isReadable(end) && !end.destroyed) end.resume();
    // Of a duplex whose other direction is over with a success, this is left.
    if (isWritable(end) && !end.destroyed && isReadable(end)) end.end();
  }
  await Promise.all([ours.closed, theirs.closed]);
  await turn();
}

const kindsOf = (state: State): readonly Kind[] =>
  state === "when one of two directions is over" ? ["duplex"] : KINDS;

/** With what an end is destroyed, and what the other one hears. */
const CAUSES = [
  {
    how: "without an error",
    error: undefined,
    heard: isTroupeError("CANCELLED", "gave the stream"),
  },
  {
    how: "with an error",
    error: new Error("enough"),
    heard: isTroupeError("REJECTED", "enough"),
  },
  {
    how: "with an error of the library",
    error: new TroupeError("LIMIT", "too large"),
    heard: isTroupeError("LIMIT", "too large"),
  },
];

const CASES = (["opener", "handler"] as const).flatMap((who) =>
  CAUSES.map((cause) => ({ who, ...cause })),
);
type Case = (typeof CASES)[number];

/** Destroys a stream that has come so far, and looks at what becomes of both ends. */
async function destroyAndCheck(
  state: State,
  { who, error, heard }: Case,
  ends: Ends,
): Promise<void> {
  const mine = who === "opener";
  const [self, other] = mine ? [ends.ours, ends.theirs] : [ends.theirs, ends.ours];
  const fails = error !== undefined && !self.end.closed;
  self.end.destroy(error);
  self.end.destroy(new Error("again"));
  await bothClosed(ends);

  for (const fate of [self, other]) expect(fate.count("close")).toBe(1);
  expect(self.count("error")).toBe(fails ? 1 : 0);
  // Where a half is over already, the other one may be over before it hears of anything.
  const nothingIsOver = !state.startsWith("when all") && !state.startsWith("when one");
  const failures = other.count("error");
  expect(failures).toBeLessThan(2);
  if (nothingIsOver) expect(failures).toBe(1);
  if (failures === 1) expect(other.error).toEqual(heard);
}

describe.each(STATES)("destroyed %s,", (state) => {
  it.each(kindsOf(state))(
    "a %s closes at both ends, once, whoever does it and why",
    async (kind) => {
      const on = await stage();
      for (const [i, each] of CASES.entries()) {
        const ends = await bring(state, kind, on, `do ${i}`);
        await destroyAndCheck(state, each, ends);
        await expectIdle(on);
      }
      await expectServed(on.svc);
    },
  );
});

describe.each(STATES)("destroyed %s, while its connection waits for another channel,", (state) => {
  it.each(kindsOf(state))("a %s closes at both ends when there is one", async (kind) => {
    const on = await cuttable();
    for (const [i, each] of CASES.filter(({ how }) => how === "with an error").entries()) {
      const ends = await bring(state, kind, on, `do ${i}`);
      const suspended = next(each.who === "opener" ? on.there : on.back, "suspend");
      on.proxy.last.cut();
      await suspended;
      await destroyAndCheck(state, each, ends);
      await expectIdle(on);
    }
    expect([on.there.closed, on.back.closed]).toEqual([false, false]);
  });
});

describe.each(STATES)("when its connection is lost %s,", (state) => {
  it.each(kindsOf(state))("a %s fails with DISCONNECTED at both ends", async (kind) => {
    const on = await cuttable(UNRESUMED);
    const ends = await bring(state, kind, on);
    const gone = Promise.all([next(on.there, "close"), next(on.back, "close")]);
    on.proxy.last.cut();
    if (state.startsWith("when all")) {
      // What has come may still be read; and whoever has written all has done so.
      await gone;
      await bothClosed(ends);
      for (const fate of [ends.ours, ends.theirs]) expect(fate.events).not.toContain("error");
    } else {
      await Promise.all([ends.ours.closed, ends.theirs.closed]);
      for (const fate of [ends.ours, ends.theirs]) {
        expect(fate.error).toEqual(isTroupeError("DISCONNECTED"));
        expect([fate.count("error"), fate.count("close")]).toEqual([1, 1]);
      }
    }
    expect([on.there.load, on.back.load]).toEqual([0, 0]);
  });
});

it("no error of a stream that nobody listens to reaches the process", async () => {
  const uncaught: unknown[] = [];
  const listener = (error: unknown): void => void uncaught.push(error);
  for (const name of ["uncaughtException", "unhandledRejection"]) {
    process.on(name, listener);
    onTestFinished(() => void process.off(name, listener));
  }
  const { server, svc, proxy, ...units } = await cuttable(UNRESUMED);
  const ends: End[] = [];
  handle(server, "do", (end) => void ends.push(end));
  for (const kind of KINDS) {
    svc.request("ping").catch(() => {});
    open(svc, kind, "nothing");
    open(svc, kind, "do").destroy(new Error("enough"));
    ends.push(open(svc, kind, "do"));
  }
  await expect.poll(() => ends.length).toBe(9);
  proxy.last.cut();
  await expect.poll(() => ends.every(({ closed }) => closed)).toBe(true);
  await turn();
  expect(uncaught).toEqual([]);
  await expectIdle(units);
});
