import { expect, it } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import { isTroupeError } from "../support/errors.ts";
import { unitOf } from "./fakes.ts";
import { Scene } from "./scene.ts";

/** What a callback is called with, each time. */
const heard = (): { calls: unknown[][]; callback: (...args: unknown[]) => void } => {
  const calls: unknown[][] = [];
  return { calls, callback: (...args) => calls.push(args) };
};

it("a callback of send hears null when the turn is over and little waits, and not at once", async () => {
  const scene = new Scene();
  const { unit, connection } = scene.add("ann");
  const { calls, callback } = heard();
  connection.congested = true;
  expect(scene.destination.send("hello", 1, callback)).toBe(unit);
  await scene.clock.settle();
  expect([connection.sent, calls]).toEqual([["greeter/hello"], []]);
  connection.congested = false;
  unit.released();
  await scene.clock.settle();
  expect(calls).toEqual([[null]]);
});

it("a callback of send may send on for ever and starves nobody", async () => {
  const scene = new Scene();
  const { connection } = scene.add("ann");
  let rounds = 0;
  const again = (): void => {
    if (++rounds < 100) scene.destination.send("hello", 1, again);
  };
  again();
  expect([rounds, connection.sent.length]).toEqual([1, 1]);
  await scene.clock.settle();
  expect(rounds).toBe(100);
});

it("a callback of send hears why there is no unit, or why it takes nothing or is lost", async () => {
  const scene = new Scene();
  const { calls, callback } = heard();
  expect(scene.destination.send("hello", 1, callback)).toBeUndefined();
  const { unit, connection } = scene.add("ann");
  connection.fault = new TroupeError("OVERLOADED", "too much waits");
  expect(scene.destination.send("hello", 1, callback)).toBeUndefined();
  connection.fault = undefined;
  scene.destination.send("hello", Symbol("no"), callback);
  scene.destination.send({ event: "hello", unit: unitOf("ben").unit }, 1, callback);
  scene.destination.send("hello", 1, callback);
  unit.detach(connection, new TroupeError("DISCONNECTED", "lost"));
  expect(calls).toEqual([]);
  await scene.clock.settle();
  const codes = calls.map(([error]) => error instanceof TroupeError && error.code);
  expect(codes).toEqual(["NO_UNITS", "OVERLOADED", "BAD_PAYLOAD", "NO_UNITS", "DISCONNECTED"]);
});

it("a callback of request hears the answer, or the error and who was asked", async () => {
  const scene = new Scene();
  const { unit, connection } = scene.add("ann");
  const { calls, callback } = heard();
  expect(scene.destination.request("hello", 1, callback)).toBeUndefined();
  scene.destination.request("hello", 2, callback);
  connection.answer("there");
  const refused = new TroupeError("REJECTED", "no");
  connection.fail(refused);
  await scene.clock.settle();
  expect(calls).toEqual([
    [null, expect.objectContaining({ data: "there", unit })],
    [refused, expect.objectContaining({ data: null, unit, role: "greeter", event: "hello" })],
  ]);
  expect(calls[1]?.[1]).toMatchObject({ error: refused, type: "null", rtt: undefined });
});

it("a callback of request hears alone that nobody can be asked, later, and nothing is thrown", async () => {
  const scene = new Scene();
  const { calls, callback } = heard();
  scene.destination.request("hello", 1, callback);
  scene.add("ann");
  scene.destination.request("hello", () => 1, callback);
  scene.destination.request({} as string, 1, callback);
  scene.destination.request({ event: "hello", timeout: 0 }, 1, callback);
  expect(calls).toEqual([]);
  await scene.clock.settle();
  const codes = ["NO_UNITS", "BAD_PAYLOAD", "BAD_ARGUMENT", "BAD_ARGUMENT"] as const;
  expect(calls).toEqual(codes.map((code) => [isTroupeError(code), undefined]));
});

it("a callback of survey hears each unit once, which are counted", async () => {
  const scene = new Scene();
  const units = ["ann", "ben", "cleo"].map((name) => scene.add(name));
  const { calls, callback } = heard();
  const asked = scene.destination.survey({ event: "hello", timeout: 1000 }, 1, callback);
  expect(asked).toBe(3);
  units[1]?.connection.answer(2);
  units[0]?.connection.fail(new TroupeError("REJECTED", "no"));
  await scene.clock.advance(1000);
  expect(calls).toEqual([
    [null, expect.objectContaining({ unit: units[1]?.unit, data: 2 })],
    [isTroupeError("REJECTED"), expect.objectContaining({ unit: units[0]?.unit })],
    [isTroupeError("TIMEOUT"), expect.objectContaining({ unit: units[2]?.unit })],
  ]);
});

it("a callback of survey is not called when there is no unit, and once when it cannot be made", async () => {
  const scene = new Scene();
  const { calls, callback } = heard();
  expect(scene.destination.survey("hello", 1, callback)).toBe(0);
  await scene.clock.settle();
  expect(calls).toEqual([]);
  scene.add("ann");
  expect(scene.destination.survey("hello", Symbol("no"), callback)).toBe(0);
  await scene.clock.settle();
  expect(calls).toEqual([[isTroupeError("BAD_PAYLOAD"), undefined]]);
});

it("a callback that is null is none, and one that is no function is BAD_ARGUMENT before anything is sent", async () => {
  const scene = new Scene();
  const { connection } = scene.add("ann");
  const asked = scene.destination.request("hello", 1, null as never);
  connection.answer(1);
  expect(await asked).toMatchObject({ data: 1 });
  const wrong = {} as never;
  const refusal = isTroupeError("BAD_ARGUMENT", "a callback must be a function");
  expect(() => scene.destination.send("hello", 1, wrong)).toThrow(refusal);
  expect(() => scene.destination.request("hello", 1, wrong)).toThrow(refusal);
  expect(() => scene.destination.survey("hello", 1, wrong)).toThrow(refusal);
  expect([connection.sent, connection.calls]).toEqual([[], []]);
});
