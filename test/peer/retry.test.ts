import { describe, expect, it } from "vitest";
import { remoteError, unstartedDetails } from "../../src/connection/remote-code.ts";
import { type ErrorCode, TroupeError } from "../../src/errors.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import type { Unit } from "../../src/peer/unit.ts";
import { isTroupeError } from "../support/errors.ts";
import { rejection } from "../support/mesh.ts";
import type { FakeConnection } from "./fakes.ts";
import { Scene } from "./scene.ts";

const undelivered = new TroupeError("NOT_DELIVERED", "the request was not sent");
const unknown = new TroupeError("OUTCOME_UNKNOWN", "the connection ended");

/** What a unit's library says of a request that no handler has seen. */
const refusal = (code: ErrorCode, details?: object): TroupeError =>
  remoteError(code, "not now", unstartedDetails(details));

/** What its handler throws. */
const thrown = (code: ErrorCode): TroupeError => remoteError(code, "I failed", encodePayload(null));

/** A unit and its connection. */
interface Made {
  readonly unit: Unit;
  readonly connection: FakeConnection;
}

/** A scene of some units, whose names are those of their order. */
function sceneOf(count: number): { scene: Scene; units: Made[] } {
  const scene = new Scene();
  const units = Array.from({ length: count }, (_, i) => scene.add(`unit ${i}`));
  return { scene, units };
}

/** The one that has been asked and has not answered. */
function asked(units: readonly Made[]): Made {
  const busy = units.filter(({ connection }) => connection.calls.length > 0);
  expect(busy).toHaveLength(1);
  return busy[0] as Made;
}

/** Requests that have been asked in all. */
const out = (units: readonly Made[]): number =>
  units.reduce((sum, { connection }) => sum + connection.calls.length, 0);

describe("a request that surely was not executed", () => {
  it.each([
    ["because it was not sent", undelivered],
    ["because its unit is overloaded", refusal("OVERLOADED")],
    ["because its unit does not play the role", refusal("NO_ROLE")],
    ["because the role is disabled there", refusal("ROLE_DISABLED")],
  ])("%s goes to another unit", async (_, error) => {
    const { scene, units } = sceneOf(3);
    const answer = scene.destination.request("hello");
    const first = asked(units);
    first.connection.fail(error);
    await scene.clock.settle();
    const second = asked(units);
    expect(second).not.toBe(first);
    second.connection.answer("hi");
    expect((await answer).unit).toBe(second.unit);
  });

  it("is not tried twice at one unit, nor more than twice again in all", async () => {
    const { scene, units } = sceneOf(5);
    const answer = rejection(scene.destination.request("hello"));
    const seen = new Set<Made>();
    for (let i = 0; i < 3; i++) {
      const one = asked(units);
      seen.add(one);
      one.connection.fail(refusal("OVERLOADED"));
      await scene.clock.settle();
    }
    expect([seen.size, out(units)]).toEqual([3, 0]);
    expect(await answer).toEqual(isTroupeError("OVERLOADED"));
  });

  it.each([0, 1, 4])("is tried %d times again when it says so", async (retry) => {
    const { scene, units } = sceneOf(8);
    const answer = rejection(scene.destination.request({ event: "hello", retry }));
    let attempts = 0;
    while (out(units) > 0) {
      attempts++;
      asked(units).connection.fail(undelivered);
      await scene.clock.settle();
    }
    expect(attempts).toBe(retry + 1);
    expect(await answer).toBe(undelivered);
  });

  it("fails with what was wrong when there is no other unit", async () => {
    const { scene, units } = sceneOf(1);
    const answer = rejection(scene.destination.request("hello"));
    asked(units).connection.fail(refusal("ROLE_DISABLED"));
    expect(await answer).toEqual(isTroupeError("ROLE_DISABLED"));
    expect(out(units)).toBe(0);
  });

  it("goes to the same unit again when only one of its connections was lost", async () => {
    const { scene, units } = sceneOf(1);
    const answer = scene.destination.request("hello");
    asked(units).connection.fail(undelivered);
    await scene.clock.settle();
    asked(units).connection.answer("hi");
    expect((await answer).data).toBe("hi");
  });

  it("stays with the unit it names", async () => {
    const { scene, units } = sceneOf(3);
    const unit = units[1]?.unit;
    const answer = scene.destination.request({ event: "hello", unit });
    asked(units).connection.fail(undelivered);
    await scene.clock.settle();
    expect(asked(units).unit).toBe(unit);
    asked(units).connection.fail(refusal("NO_ROLE"));
    expect(await rejection(answer)).toEqual(isTroupeError("NO_ROLE"));
  });

  it("goes on at once when a unit cannot even be asked", async () => {
    const { scene, units } = sceneOf(3);
    const [first, second] = units;
    if (first === undefined || second === undefined) throw new Error("no units");
    first.connection.fault = new TroupeError("OVERLOADED", "too much waits to be sent");
    second.connection.fault = undelivered;
    const bytes = new Uint8Array([1]);
    const answers = [1, 2, 3].map(() => scene.destination.request("hello", bytes));
    expect(units.map(({ connection }) => connection.calls.length)).toEqual([0, 0, 3]);
    for (const _ of answers) units[2]?.connection.answer("hi");
    expect((await Promise.all(answers)).map(({ data }) => data)).toEqual(["hi", "hi", "hi"]);
  });

  it("is told the same by a callback", async () => {
    const { scene, units } = sceneOf(2);
    const told = new Promise((resolve) => {
      scene.destination.request("hello", 1, (error, ctx) => resolve([error, ctx.data]));
    });
    asked(units).connection.fail(undelivered);
    await scene.clock.settle();
    asked(units).connection.answer("hi");
    expect(await told).toEqual([null, "hi"]);
  });
});

describe("a request that may have been executed", () => {
  it.each([
    ["it is not known", unknown],
    ["a handler says that it is overloaded", thrown("OVERLOADED")],
    ["a handler says that there is no such role", thrown("NO_ROLE")],
    ["a handler passes on what it was told itself", thrown("NOT_DELIVERED")],
    ["a handler throws", thrown("REJECTED")],
    ["no handler is for it", thrown("NO_EVENT")],
    ["its unit does not want it", refusal("NOT_ALLOWED")],
  ])("is not repeated: %s", async (_, error) => {
    const { scene, units } = sceneOf(3);
    const answer = rejection(scene.destination.request("hello"));
    asked(units).connection.fail(error);
    expect(await answer).toBe(error);
    await scene.clock.settle();
    expect(out(units)).toBe(0);
  });

  it("is repeated when it has a key, at the same unit as long as that can be reached", async () => {
    const { scene, units } = sceneOf(3);
    const answer = scene.destination.request({ event: "hello", idempotencyKey: "k" });
    const first = asked(units);
    first.connection.fail(unknown);
    await scene.clock.settle();
    expect(asked(units)).toBe(first);
    first.connection.open = false;
    first.connection.fail(unknown);
    await scene.clock.settle();
    const second = asked(units);
    expect(second).not.toBe(first);
    second.connection.answer("hi");
    expect((await answer).unit).toBe(second.unit);
  });

  it("stays unknown when all that comes later was not executed", async () => {
    const { scene, units } = sceneOf(2);
    const answer = rejection(scene.destination.request({ event: "hello", idempotencyKey: "k" }));
    const first = asked(units);
    first.connection.open = false;
    first.connection.fail(unknown);
    await scene.clock.settle();
    asked(units).connection.fail(refusal("ROLE_DISABLED"));
    expect(await answer).toBe(unknown);
  });

  it("is not repeated when another unit says that it is not known", async () => {
    const { scene, units } = sceneOf(3);
    const answer = rejection(scene.destination.request({ event: "hello", idempotencyKey: "k" }));
    asked(units).connection.fail(refusal("OUTCOME_UNKNOWN"));
    expect(await answer).toEqual(isTroupeError("OUTCOME_UNKNOWN"));
    expect(out(units)).toBe(0);
  });
});

describe("all attempts together", () => {
  it("have the time of one", async () => {
    const { scene, units } = sceneOf(3);
    const answer = rejection(scene.destination.request({ event: "hello", timeout: 100 }));
    await scene.clock.advance(60);
    asked(units).connection.fail(undelivered);
    await scene.clock.advance(39);
    expect(out(units)).toBe(1);
    await scene.clock.advance(1);
    expect(await answer).toEqual(isTroupeError("TIMEOUT", "100 ms"));
    expect(scene.clock.timers).toBe(0);
  });

  it("tell each unit how much time is left", async () => {
    const { scene, units } = sceneOf(2);
    void scene.destination.request({ event: "hello", timeout: 100 }).catch(() => {});
    await scene.clock.advance(60);
    asked(units).connection.fail(undelivered);
    await scene.clock.settle();
    expect(units.flatMap(({ connection }) => connection.deadlines).sort()).toEqual([100, 40]);
  });

  it("end with the signal, and what waits for its turn is not sent any more", async () => {
    const { scene, units } = sceneOf(1);
    const abort = new AbortController();
    const target = { event: "hello", signal: abort.signal };
    const answer = rejection(scene.destination.request(target));
    asked(units).connection.fail(refusal("OVERLOADED", { retryAfter: 50 }));
    await scene.clock.settle();
    abort.abort();
    expect(await answer).toEqual(isTroupeError("CANCELLED"));
    await scene.clock.advance(60_000);
    expect([out(units), scene.clock.timers]).toEqual([0, 0]);
  });

  it("end when the signal aborts in the very moment of a failure", async () => {
    const { scene, units } = sceneOf(2);
    const abort = new AbortController();
    const answer = rejection(scene.destination.request({ event: "hello", signal: abort.signal }));
    asked(units).connection.fail(undelivered);
    abort.abort();
    expect(await answer).toEqual(isTroupeError("CANCELLED"));
    expect(out(units)).toBe(0);
  });

  it("are as many as the budget of the destination allows, and then the first failure counts", async () => {
    const { scene, units } = sceneOf(2);
    let repeated = 0;
    for (let i = 0; i < 1000; i++) {
      const answer = rejection(scene.destination.request("hello"));
      asked(units).connection.fail(refusal("OVERLOADED"));
      await scene.clock.settle();
      if (out(units) > 0) {
        repeated++;
        asked(units).connection.fail(refusal("OVERLOADED"));
      }
      expect(await answer).toEqual(isTroupeError("OVERLOADED"));
    }
    expect(repeated).toBe(100 + 1000 / 5);
  });
});

describe("a unit that says when to ask again", () => {
  it("is asked again then, and not before, when there is no other", async () => {
    const { scene, units } = sceneOf(1);
    const answer = scene.destination.request("hello");
    asked(units).connection.fail(refusal("OVERLOADED", { retryAfter: 50 }));
    await scene.clock.advance(49);
    expect(out(units)).toBe(0);
    // A half of it more at most.
    await scene.clock.advance(26);
    asked(units).connection.answer("hi");
    expect((await answer).data).toBe("hi");
  });

  it("is not waited for when another one is there", async () => {
    const { scene, units } = sceneOf(2);
    void scene.destination.request("hello");
    asked(units).connection.fail(refusal("OVERLOADED", { retryAfter: 50 }));
    await scene.clock.settle();
    asked(units).connection.answer("hi");
  });

  it("is not waited for beyond the deadline, nor for longer than half a minute", async () => {
    const { scene, units } = sceneOf(1);
    for (const [timeout, retryAfter] of [
      [50, 50],
      [1e9, 30_001],
      [100, -1],
      [100, "soon"],
    ] as const) {
      const answer = rejection(scene.destination.request({ event: "hello", timeout }));
      asked(units).connection.fail(refusal("OVERLOADED", { retryAfter }));
      expect(await answer).toMatchObject({ code: "OVERLOADED", details: { retryAfter } });
    }
    expect(scene.clock.timers).toBeLessThanOrEqual(3);
  });

  it("is not waited for by a peer that is closed", async () => {
    const { scene, units } = sceneOf(1);
    const answer = rejection(scene.destination.request("hello"));
    asked(units).connection.fail(refusal("OVERLOADED", { retryAfter: 50 }));
    await scene.clock.settle();
    scene.roster.close();
    expect(await answer).toEqual(isTroupeError("OVERLOADED"));
    await scene.clock.advance(1000);
    expect(out(units)).toBe(0);
  });
});

describe("what is sent again", () => {
  it("is what was sent at first, whatever the caller has done to it meanwhile", async () => {
    const { scene, units } = sceneOf(2);
    const bytes = new Uint8Array([1, 2, 3]);
    const metadata = { trace: "a" };
    void scene.destination.request({ event: "hello", retry: 1, metadata }, bytes).catch(() => {});
    bytes.fill(9);
    metadata.trace = "b";
    asked(units).connection.fail(undelivered);
    await scene.clock.settle();
    expect(asked(units).connection.asked).toEqual([{ trace: "a" }, [1, 2, 3]]);
  });

  it("is nothing when it was bytes that their owner may have changed", async () => {
    const { scene, units } = sceneOf(2);
    const answer = rejection(scene.destination.request("hello", new Uint8Array([1])));
    asked(units).connection.fail(undelivered);
    expect(await answer).toBe(undelivered);
    expect(out(units)).toBe(0);
  });
});

it("surveys ask every unit once", async () => {
  const { scene, units } = sceneOf(2);
  const survey = scene.destination.survey("hello");
  for (const { connection } of units) connection.fail(undelivered);
  const errors: unknown[] = [];
  for await (const { error } of survey) errors.push(error);
  expect(errors).toEqual([undelivered, undelivered]);
  expect(out(units)).toBe(0);
});

it.each([-1, 11, 1.5, Number.NaN, "2", null])("retry cannot be %j", async (retry) => {
  const { scene, units } = sceneOf(1);
  const target = { event: "hello", retry: retry as number };
  expect(await rejection(scene.destination.request(target))).toEqual(
    isTroupeError("BAD_ARGUMENT", "retry must be an integer from 0 to 10"),
  );
  expect(out(units)).toBe(0);
});
