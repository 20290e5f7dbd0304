import { describe, expect, it } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import type { Question } from "../../src/peer/request.ts";
import { Unit } from "../../src/peer/unit.ts";
import { isTroupeError } from "../support/errors.ts";
import { rejection } from "../support/mesh.ts";
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
    expect(await rejection(deskOf().ask(unit, QUESTION))).toBe(lost);
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
