import { describe, expect, it } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import { encodePayload } from "../../src/frame/payload.ts";
import type { Context } from "../../src/peer/context.ts";
import { Survey } from "../../src/peer/survey.ts";
import type { Unit } from "../../src/peer/unit.ts";
import { rejection } from "../support/mesh.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { deskOf, type FakeConnection, unitOf } from "./fakes.ts";

const NAME = { role: "worker", event: "load" };

/** A survey of three units, each for the test to answer. */
class Scene {
  readonly clock = new VirtualClock();
  readonly units: Unit[] = [];
  readonly connections: FakeConnection[] = [];
  readonly survey: Survey;
  /** What has come out of the loop so far, and `end` at its end. */
  readonly heard: string[] = [];

  constructor(signal?: AbortSignal) {
    for (const name of ["ann", "ben", "cleo"]) {
      const { unit, connection } = unitOf(name);
      this.units.push(unit);
      this.connections.push(connection);
    }
    const desk = deskOf(this.clock);
    const question = {
      name: NAME,
      metadata: undefined,
      payload: encodePayload(null),
      timeout: 1000,
    };
    const ask = (unit: Unit, cancel: AbortSignal): Promise<Context> =>
      desk.ask(unit, { ...question, signal: cancel });
    this.survey = new Survey(this.units, ask, signal);
  }

  async listen(most = Number.POSITIVE_INFINITY): Promise<void> {
    for await (const item of this.survey) {
      const what = item.error === undefined ? String(item.data) : item.error.code;
      this.heard.push(`${item.unit.name}: ${what}`);
      if (this.heard.length >= most) break;
    }
    this.heard.push("end");
  }

  get missing(): string[] {
    return this.survey.missing.map(({ name }) => name);
  }
}

it("asks every unit at once, before anybody listens", () => {
  const scene = new Scene();
  expect(scene.survey.asked).toBe(3);
  expect(scene.connections.map(({ calls }) => calls.length)).toEqual([1, 1, 1]);
  expect(scene.missing).toEqual(["ann", "ben", "cleo"]);
});

it("gives answers in the order in which they come, and ends with the last one", async () => {
  const scene = new Scene();
  const listening = scene.listen();
  scene.connections[2]?.answer(3);
  await scene.clock.settle();
  expect(scene.heard).toEqual(["cleo: 3"]);
  scene.connections[0]?.answer(1);
  scene.connections[1]?.answer(2);
  await listening;
  expect(scene.heard).toEqual(["cleo: 3", "ann: 1", "ben: 2", "end"]);
  expect(scene.missing).toEqual([]);
});

it("keeps answers that come before anybody listens", async () => {
  const scene = new Scene();
  for (const connection of scene.connections) connection.answer("early");
  await scene.clock.settle();
  await scene.listen();
  expect(scene.heard).toEqual(["ann: early", "ben: early", "cleo: early", "end"]);
});

it("gives the failure of a unit as an item, with the unit", async () => {
  const scene = new Scene();
  scene.connections[0]?.fail(new TroupeError("REJECTED", "no"));
  scene.connections[1]?.fail(new TroupeError("DISCONNECTED", "lost"));
  scene.connections[2]?.answer(3);
  await scene.listen();
  expect(scene.heard).toEqual(["ann: REJECTED", "ben: DISCONNECTED", "cleo: 3", "end"]);
  expect(scene.missing).toEqual([]);
});

it("ends when the time is over, and lists who stayed silent", async () => {
  const scene = new Scene();
  const listening = scene.listen();
  scene.connections[1]?.answer(2);
  await scene.clock.advance(1000);
  await listening;
  expect(scene.heard).toEqual(["ben: 2", "end"]);
  expect(scene.missing).toEqual(["ann", "cleo"]);
});

describe("what is still out is cancelled", () => {
  it("when the loop is left", async () => {
    const scene = new Scene();
    scene.connections[0]?.answer(1);
    await scene.listen(1);
    expect(scene.heard).toEqual(["ann: 1", "end"]);
    expect(scene.connections.map(({ cancelled }) => cancelled.length)).toEqual([0, 1, 1]);
    expect(scene.missing).toEqual(["ben", "cleo"]);
  });

  it("when the loop throws", async () => {
    const scene = new Scene();
    scene.connections[0]?.answer(1);
    const loop = async (): Promise<void> => {
      for await (const _item of scene.survey) throw new Error("enough");
    };
    await expect(loop()).rejects.toThrow("enough");
    expect(scene.connections.map(({ cancelled }) => cancelled.length)).toEqual([0, 1, 1]);
  });

  it("when the caller's signal aborts, and the loop throws CANCELLED", async () => {
    const abort = new AbortController();
    const scene = new Scene(abort.signal);
    const listening = rejection(scene.listen());
    abort.abort("enough");
    expect(await listening).toMatchObject({ code: "CANCELLED", cause: "enough" });
    expect(scene.heard).toEqual([]);
    expect(scene.connections.map(({ cancelled }) => cancelled.length)).toEqual([1, 1, 1]);
  });
});

it("that nobody listens to leaves no unhandled rejection", async () => {
  const scene = new Scene();
  for (const connection of scene.connections) connection.fail(new TroupeError("REJECTED", "no"));
  await scene.clock.settle();
  expect(scene.missing).toEqual([]);
});
