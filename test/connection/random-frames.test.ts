import fc from "fast-check";
import { expect, test } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import { anyFrame, type Frame } from "../frame/support.ts";
import { isTroupeError } from "../support/errors.ts";
import { open, opens, taken, Use } from "./streams-support.ts";
import { type Asked, type End, hello, NAME, NOTHING, reached, roles } from "./support.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

const CLOSED = new TroupeError("CLOSED", "enough");

/** What an owner hears of a connection's life. */
const LIFE =
  /^(failed|opened( message| request| stream| roles| all roles| draining| drained| idle)* closed) gone$/;

/** What the other side does: mostly what makes some sense, and now and then anything at all. */
type Deed =
  | { readonly say: readonly Frame[] }
  | { readonly sayBytes: Uint8Array }
  | { readonly ours: number };

const small = fc.nat(3);
const sensible: fc.Arbitrary<Frame> = fc.oneof(
  fc.constantFrom<Frame>(
    ["message", NAME, undefined, encodePayload("data")],
    ["drain"],
    ["ping", 1],
  ),
  small.map((n): Frame => ["request", n, NAME, 0, undefined, NOTHING]),
  small.map((n): Frame => ["cancel", n]),
  small.map((n): Frame => ["response", n, NOTHING]),
  small.map((n): Frame => ["reject", n, "REJECTED", "", NOTHING]),
  fc.tuple(fc.nat(9), fc.boolean()).map(([n, full]): Frame => ["roles", n, full, []]),
);
/** Frames about streams in a few slots and turns, of both sides. */
const stream = fc
  .tuple(fc.constantFrom(0, 0, 0, 1, 2), fc.nat(3), fc.nat(1))
  .map(([turn, slot, side]) => 2 * (turn * 65_536 + slot) + side);
const halves = fc.constantFrom(1, 2, 3);
const streaming: fc.Arbitrary<Frame> = fc.oneof(
  fc.tuple(stream, halves).map(([id, n]): Frame => opens(id - (id % 2), n, 100)),
  stream.map((id): Frame => ["accept", id - (id % 2) + 1, 100, NOTHING]),
  stream.map((id): Frame => ["refuse", id - (id % 2) + 1, "REJECTED", "", NOTHING]),
  fc.tuple(stream, fc.nat(3)).map(([id, n]): Frame => ["data", id, new Uint8Array(n)]),
  stream.map((id): Frame => ["end", id]),
  fc.tuple(stream, halves).map(([id, n]): Frame => ["reset", id, n, "REJECTED", ""]),
  fc.tuple(stream, fc.nat(500)).map(([id, n]): Frame => ["credit", id, n]),
);
const frames = fc.array(
  fc.oneof(
    { arbitrary: sensible, weight: 8 },
    { arbitrary: streaming, weight: 5 },
    { arbitrary: anyFrame, weight: 1 },
  ),
  { maxLength: 6 },
);
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { arbitrary: frames.map((say) => ({ say })), weight: 8 },
  { arbitrary: fc.nat(10).map((ours) => ({ ours })), weight: 6 },
  { arbitrary: fc.uint8Array({ maxLength: 30 }).map((sayBytes) => ({ sayBytes })), weight: 1 },
);

/** Asks, unless four are in flight already. */
function ask(end: End): Asked | undefined {
  try {
    return end.ask();
  } catch (thrown) {
    expect(thrown).toEqual(isTroupeError("OVERLOADED"));
    return undefined;
  }
}

/** What this side does in between. */
function act(end: End, which: number): void {
  const { connection, owner } = end;
  if (!connection.open) return;
  const request = owner.requests.at(-1);
  let given: Asked | undefined;
  switch (which) {
    case 0:
      request?.answer(encodePayload("answer"));
      return;
    case 1:
      request?.reject("REJECTED", "no", NOTHING);
      return;
    case 2:
      given = ask(end);
      if (given !== undefined) connection.cancel(given);
      return;
    case 3:
      connection.send(NAME, { k: "v" }, NOTHING);
      return;
    case 4:
      ask(end);
      return;
    case 5:
      connection.announce({ number: 9, roles: [] }, true);
      return;
    default:
      actOnStreams(end, which);
  }
}

function actOnStreams(end: End, which: number): void {
  const asked = end.owner.streams.at(-1);
  switch (which) {
    case 6:
      openOne(end);
      return;
    case 7:
      asked?.use(new Use(true));
      asked?.accept(NOTHING);
      return;
    case 8:
      asked?.refuse("REJECTED", "no", NOTHING);
      return;
    case 9:
      if (asked !== undefined) taken(end).use.end.write(new Uint8Array(300));
      return;
    default:
      if (asked !== undefined) taken(end).use.end.stop(CLOSED);
  }
}

/** Opens a stream and writes to it, unless four are open already. */
function openOne(end: End): void {
  try {
    const { use } = open(end, "duplex", new Use(true));
    use.end.write(new Uint8Array(300));
    use.end.end();
  } catch (thrown) {
    expect(thrown).toEqual(isTroupeError("OVERLOADED"));
  }
}

test("no sequence of frames throws out of a connection, keeps it from ending, or leaves anything behind", () => {
  let opened = 0;
  const introduced = fc.constantFrom<readonly Frame[]>(
    [hello(), roles],
    [hello(), roles],
    [hello()],
    [],
  );
  fc.assert(
    fc.property(introduced, fc.array(deed, { maxLength: 12 }), (first, deeds) => {
      const { clock, end, stranger } = reached({
        limits: { requests: 4, streams: 4, sendBuffer: 40_000 },
      });
      stranger.say(...first);
      clock.flush();
      if (end.connection.open) opened++;
      for (const deed of deeds) {
        if ("say" in deed) stranger.say(...deed.say);
        else if ("sayBytes" in deed) stranger.sayBytes(deed.sayBytes);
        else act(end, deed.ours);
        clock.flush();
      }
      end.connection.close(CLOSED);
      stranger.channel.close();
      clock.flush();
      expect(end.owner.events.join(" ")).toMatch(LIFE);
      expect([end.connection.open, end.connection.load]).toEqual([false, 0]);
      clock.tick(120_000);
      expect(clock.timers).toBe(0);
    }),
    { numRuns: 1000 },
  );
  expect(opened).toBeGreaterThan(300);
});
