import { describe, expect, it } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import type { Question } from "../../src/peer/request.ts";
import { Unit } from "../../src/peer/unit.ts";
import { isTroupeError } from "../support/errors.ts";
import { rejection } from "../support/mesh.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { deskOf, FakeConnection, remotePeer, roleList, unitOf } from "./fakes.ts";

const NAME = { role: "greeter", event: "hello" };
const NOTHING = encodePayload(null);
const QUESTION: Question = {
  name: NAME,
  metadata: undefined,
  payload: NOTHING,
  timeout: undefined,
  signal: undefined,
};
const lost = new TroupeError("DISCONNECTED", "the connection was lost");

it("is what its peer told of itself", () => {
  const about = {
    name: "ann",
    friendly: false,
    addresses: ["ws://10.0.0.1:9000"],
    tags: { zone: "a" },
    meta: { os: "linux" },
  };
  const unit = new Unit(remotePeer(about));
  expect(unit).toMatchObject({ name: "ann", friendly: false, addresses: about.addresses });
  expect(unit.meta).toEqual(about.meta);
  expect(unit.getTags()).toEqual(about.tags);
});

it("does not let its tags be changed through what it hands out", () => {
  const unit = new Unit(remotePeer({ tags: { zone: "a" } }));
  unit.getTags()["zone"] = "b";
  expect(unit.getTags()).toEqual({ zone: "a" });
});

it("shows active roles, and none of the library's own", () => {
  const { unit } = unitOf("ann", ["greeter", "!clock", "$topic/news"]);
  expect(unit.roles).toEqual(["greeter"]);
  expect(unit.getRoles()).toEqual(["greeter"]);
  expect([...unit.activeRoles]).toEqual(["greeter", "$topic/news"]);
});

it("keeps a role that comes and goes as the newest list has it, whichever connection brings it", () => {
  const { unit } = unitOf("ann", ["greeter"]);
  unit.learn(roleList(3, ["!greeter"]), false);
  unit.learn(roleList(2, ["greeter"]), false);
  unit.learn(roleList(3, ["greeter"]), true);
  expect(unit.roles).toEqual([]);
});

describe("of several connections", () => {
  it("the least busy one is used, so that each gets its share", async () => {
    const { unit, connection } = unitOf("ann");
    const second = new FakeConnection();
    unit.attach(second);
    const desk = deskOf();
    const all = Array.from({ length: 10 }, () => desk.ask(unit, QUESTION));
    expect([connection.calls.length, second.calls.length]).toEqual([5, 5]);
    for (let i = 0; i < 5; i++) {
      connection.answer(i);
      second.answer(i);
    }
    await Promise.all(all);
  });

  it("equals take turns, so that requests one after the other are shared out, too", async () => {
    const { unit, connection } = unitOf("ann");
    const others = [new FakeConnection(), new FakeConnection()];
    for (const other of others) unit.attach(other);
    const used: number[] = [];
    for (let i = 0; i < 9; i++) {
      const asked = deskOf().ask(unit, QUESTION);
      const all = [connection, ...others];
      const at = all.findIndex(({ calls }) => calls.length > 0);
      used.push(at);
      all[at]?.answer(i);
      await asked;
    }
    expect(used).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2]);
  });

  it("one that is congested is spared, unless all are", () => {
    const { unit, connection } = unitOf("ann");
    const second = new FakeConnection();
    unit.attach(second);
    connection.congested = true;
    second.load = 100;
    expect([unit.leastBusy(), unit.leastBusy()]).toEqual([second, second]);
    second.congested = true;
    expect(unit.leastBusy()).toBe(connection);
  });

  it("one that has ended is not used, even before it is detached", () => {
    const { unit, connection } = unitOf("ann");
    const second = new FakeConnection();
    unit.attach(second);
    second.load = 100;
    connection.open = false;
    expect([unit.leastBusy(), unit.leastBusy()]).toEqual([second, second]);
    unit.send(NAME, undefined, NOTHING);
    expect([connection.sent.length, second.sent.length]).toEqual([0, 1]);
    // The only one is: it says best why it has ended.
    unit.detach(second, lost);
    connection.fault = lost;
    expect(unit.leastBusy()).toBe(connection);
    expect(() => unit.send(NAME, undefined, NOTHING)).toThrow(lost);
  });

  it("messages all go by the oldest, so that they stay in order", () => {
    const { unit, connection } = unitOf("ann");
    const second = new FakeConnection();
    unit.attach(second);
    connection.load = 5;
    for (let i = 0; i < 4; i++) unit.send(NAME, undefined, NOTHING);
    expect([connection.sent.length, second.sent.length]).toEqual([4, 0]);
  });

  it("the quickest one tells the round-trip time, and load and bytes are those of all", () => {
    const { unit, connection } = unitOf("ann");
    expect(unit.rtt).toBeUndefined();
    const second = new FakeConnection();
    unit.attach(second);
    Object.assign(connection, { rtt: 8, load: 1, buffered: 10 });
    Object.assign(second, { rtt: 3, load: 2, buffered: 20 });
    expect(unit).toMatchObject({ rtt: 3, load: 3, buffered: 30 });
  });

  it("the loss of one is not the end, the loss of the last one is", async () => {
    const { unit, connection } = unitOf("ann");
    const second = new FakeConnection();
    unit.attach(second);
    expect(unit.detach(connection, lost)).toBe(false);
    expect(unit.closed).toBe(false);
    unit.send(NAME, undefined, NOTHING);
    expect(second.sent).toEqual(["greeter/hello"]);
    expect(unit.detach(second, lost)).toBe(true);
    expect(unit.closed).toBe(true);
    const error = await rejection(deskOf().ask(unit, QUESTION));
    expect(error).toEqual(isTroupeError("NOT_DELIVERED", lost.message));
    expect(error).toMatchObject({ cause: lost });
    expect(() => unit.send(NAME, undefined, NOTHING)).toThrow(lost);
  });

  it("all are closed when it is", () => {
    const { unit, connection } = unitOf("ann");
    const second = new FakeConnection();
    unit.attach(second);
    unit.close();
    expect([connection.closed, second.closed]).toEqual([
      [isTroupeError("CLOSED")],
      [isTroupeError("CLOSED")],
    ]);
  });
});

describe("its latency", () => {
  it("is not known before an answer, and that of the first answer then", () => {
    const { unit } = unitOf("ann");
    expect([unit.latency, unit.latencyAt(5)]).toEqual([undefined, undefined]);
    unit.answered(20, 1000);
    expect([unit.latency, unit.latencyAt(1000)]).toEqual([20, 20]);
  });

  it("rises at once, and falls towards quicker answers over 10 s", () => {
    const { unit } = unitOf("ann");
    unit.answered(20, 0);
    unit.answered(100, 0);
    expect(unit.latency).toBe(100);
    unit.answered(0, 0);
    expect(unit.latency).toBe(100);
    unit.answered(20, 10_000);
    expect(unit.latency).toBeCloseTo(20 + 80 / Math.E, 9);
    for (let now = 10_000; now < 100_000; now += 100) unit.answered(20, now);
    expect(unit.latency).toBeCloseTo(20, 1);
  });

  it("counts for less and less when it is not measured again", () => {
    const { unit } = unitOf("ann");
    unit.answered(100, 0);
    expect(unit.latencyAt(10_000)).toBeCloseTo(100 / Math.E, 9);
    expect(unit.latencyAt(1e9)).toBe(0);
    expect(unit.latency).toBe(100);
  });

  it("is raised by silence, and never lowered", () => {
    const { unit } = unitOf("ann");
    unit.silent(50, 0);
    expect(unit.latency).toBe(50);
    unit.silent(10, 0);
    expect(unit.latencyAt(10_000)).toBeCloseTo(50 / Math.E, 9);
    unit.silent(60, 10_000);
    expect(unit.latencyAt(10_000)).toBe(60);
  });

  it("is measured by answers, refusals and timeouts, and not by a lost connection", async () => {
    const clock = new VirtualClock();
    const desk = deskOf(clock);
    const { unit, connection } = unitOf("ann");
    const latencyAfter = async (ms: number, settle: () => void): Promise<number | undefined> => {
      const asked = desk.ask(unit, { ...QUESTION, timeout: 300 });
      clock.tick(ms);
      settle();
      await asked.catch(() => {});
      return unit.latency;
    };
    expect(await latencyAfter(7, () => connection.answer(1))).toBe(7);
    const refused = new TroupeError("REJECTED", "no");
    expect(await latencyAfter(9, () => connection.fail(refused))).toBe(9);
    const cut = (): void => {
      connection.open = false;
      connection.fail(lost);
    };
    expect(await latencyAfter(100, cut)).toBe(9);
    expect(await latencyAfter(300, () => {})).toBe(300);
  });
});

describe("drained()", () => {
  it("resolves at once while little waits to be sent", async () => {
    await unitOf("ann").unit.drained();
  });

  it("waits until none of its connections is congested", async () => {
    const { unit, connection } = unitOf("ann");
    const second = new FakeConnection();
    unit.attach(second);
    connection.congested = true;
    second.congested = true;
    let drained = false;
    const waiting = unit.drained().then(() => {
      drained = true;
    });
    connection.congested = false;
    unit.released();
    await Promise.resolve();
    await Promise.resolve();
    expect(drained).toBe(false);
    second.congested = false;
    unit.released();
    await waiting;
  });

  it("rejects when the unit is lost before that", async () => {
    const { unit, connection } = unitOf("ann");
    connection.congested = true;
    const waiting = unit.drained();
    unit.detach(connection, lost);
    expect(await rejection(waiting)).toBe(lost);
  });
});

it("goes by its name in messages to people, or by its key when it has none", () => {
  expect(unitOf("ann").unit.label).toBe('unit "ann"');
  expect(new Unit(remotePeer()).label).toBe("unit 0a0a0a0a");
});
