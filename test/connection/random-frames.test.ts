import fc from "fast-check";
import { expect, test } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import { anyFrame, type Frame } from "../frame/support.ts";
import { isTroupeError } from "../support/errors.ts";
import { type Asked, type End, hello, NAME, NOTHING, reached, roles } from "./support.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

const CLOSED = new TroupeError("CLOSED", "enough");

/** What an owner hears of a connection's life. */
const LIFE =
  /^(failed|opened( message| request| roles| all roles| draining| drained| idle)* closed) gone$/;

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
const frames = fc.array(fc.oneof({ arbitrary: sensible, weight: 8 }, anyFrame), { maxLength: 6 });
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { arbitrary: frames.map((say) => ({ say })), weight: 8 },
  { arbitrary: fc.nat(5).map((ours) => ({ ours })), weight: 6 },
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
    default:
      connection.announce({ number: 9, roles: [] }, true);
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
      const { clock, end, stranger } = reached({ limits: { requests: 4, sendBuffer: 40_000 } });
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
      expect(end.connection.open).toBe(false);
      clock.tick(120_000);
      expect(clock.timers).toBe(0);
    }),
    { numRuns: 1000 },
  );
  expect(opened).toBeGreaterThan(300);
});
