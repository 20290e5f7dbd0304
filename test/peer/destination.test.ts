import { describe, expect, it } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import { isTroupeError } from "../support/errors.ts";
import { rejection } from "../support/mesh.ts";
import { roleList, unitOf } from "./fakes.ts";
import { destinationOf, Scene } from "./scene.ts";

describe("its events", () => {
  it("tell of the first unit, of every unit and of the loss of the last one", () => {
    const scene = new Scene();
    const ann = scene.add("ann").unit;
    const ben = scene.add("ben").unit;
    scene.add("cleo", ["clock"]);
    scene.roster.remove(ann);
    scene.roster.learn(ben, roleList(1, ["!greeter"]), false);
    scene.roster.learn(ben, roleList(2, ["greeter"]), false);
    expect(scene.events).toEqual(["open", "ann", "ben", "close", "open", "ben"]);
  });

  it("come when its state is what they tell", () => {
    const scene = new Scene();
    const seen: [boolean, number][] = [];
    const look = (): void => {
      seen.push([scene.destination.ready, scene.destination.units.length]);
    };
    scene.destination.on("open", look).on("unit", look).on("close", look);
    scene.roster.remove(scene.add("ann").unit);
    expect(seen).toEqual([
      [true, 1],
      [true, 1],
      [false, 0],
    ]);
  });
});

describe("calls go round", () => {
  it("to each unit in turn, whatever kind of call it is", async () => {
    const scene = new Scene();
    const names = ["ann", "ben", "cleo"];
    const units = names.map((name) => scene.add(name));
    const asked: Promise<unknown>[] = [];
    for (let i = 0; i < 12; i++) {
      if (i % 4 < 2) scene.destination.send("hello");
      else asked.push(scene.destination.request("hello"));
    }
    expect(units.map(({ connection }) => connection.sent.length + connection.calls.length)).toEqual(
      [4, 4, 4],
    );
    for (const { connection } of units) while (connection.calls.length > 0) connection.answer(1);
    await Promise.all(asked);
  });

  it("exactly evenly among those who stay while others come and go", () => {
    const scene = new Scene();
    const stay = ["ann", "ben", "cleo"].map((name) => scene.add(name));
    for (let i = 0; i < 300; i++) {
      const { unit } = scene.add(`guest ${i}`);
      for (let calls = 0; calls < 1 + (i % 4); calls++) scene.destination.send("hello");
      scene.roster.remove(unit);
    }
    const counts = stay.map(({ connection }) => connection.sent.length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    expect(Math.min(...counts)).toBeGreaterThan(150);
  });

  it("past a unit that wants no new work", () => {
    const scene = new Scene();
    const ann = scene.add("ann");
    const ben = scene.add("ben");
    scene.roster.drain(ann.unit);
    for (let i = 0; i < 4; i++) scene.destination.send("hello");
    expect([ann.connection.sent.length, ben.connection.sent.length]).toEqual([0, 4]);
  });

  it("except those for one named unit", () => {
    const scene = new Scene();
    scene.add("ann");
    const ben = scene.add("ben");
    for (let i = 0; i < 3; i++) {
      expect(scene.destination.send({ event: "hello", unit: ben.unit })).toBe(ben.unit);
    }
    expect(ben.connection.sent).toHaveLength(3);
  });
});

describe("without a unit to call", () => {
  it("a message is not sent, and that is no error", () => {
    expect(new Scene().destination.send("hello")).toBeUndefined();
    expect(new Scene().destination.broadcast("hello")).toEqual([]);
  });

  it("a request rejects, and a survey throws, with NO_UNITS", async () => {
    const { destination } = new Scene();
    const noUnits = isTroupeError("NO_UNITS", 'destination "greeter": no connected unit');
    expect(await rejection(destination.request("hello"))).toEqual(noUnits);
    expect(() => destination.survey("hello")).toThrow(noUnits);
  });

  it("a named unit that does not play the role is NO_UNITS, too", async () => {
    const scene = new Scene();
    scene.add("ann");
    const { unit } = scene.add("cleo", ["clock"]);
    const target = { event: "hello", unit };
    const noUnits = isTroupeError("NO_UNITS", 'unit "cleo" does not play it');
    expect(await rejection(scene.destination.request(target))).toEqual(noUnits);
    expect(() => scene.destination.survey(target)).toThrow(noUnits);
    expect(scene.destination.send(target)).toBeUndefined();
  });

  it("because the peer is closed it is CLOSED", async () => {
    const scene = new Scene();
    scene.roster.close();
    expect(await rejection(scene.destination.request("hello"))).toEqual(isTroupeError("CLOSED"));
    expect(() => scene.destination.survey("hello")).toThrow(isTroupeError("CLOSED"));
  });
});

describe("what cannot be sent", () => {
  it.each([
    ["a payload that cannot be encoded", "hello", () => 1, "BAD_PAYLOAD"],
    ["no event", {} as string, 1, "BAD_ARGUMENT"],
  ] as const)("is %s: request rejects and never throws", async (_what, target, data, code) => {
    const scene = new Scene();
    scene.add("ann");
    expect(await rejection(scene.destination.request(target, data))).toMatchObject({ code });
    expect(() => scene.destination.send(target, data)).toThrow(isTroupeError(code));
    expect(() => scene.destination.broadcast(target, data)).toThrow(isTroupeError(code));
    expect(() => scene.destination.survey(target, data)).toThrow(isTroupeError(code));
  });

  it("takes nobody's turn", () => {
    const scene = new Scene();
    const { connection } = scene.add("ann");
    scene.add("ben");
    expect(() => scene.destination.send("hello", Symbol("no"))).toThrow();
    scene.destination.send("hello");
    expect(connection.sent).toHaveLength(1);
  });

  it("is a timeout that is none", async () => {
    const scene = new Scene();
    scene.add("ann");
    const target = { event: "hello", timeout: -1 };
    expect(await rejection(scene.destination.request(target))).toEqual(
      isTroupeError("BAD_ARGUMENT", "timeout"),
    );
    expect(() => scene.destination.survey(target)).toThrow(isTroupeError("BAD_ARGUMENT"));
  });
});

it("never writes to the options it is given", async () => {
  const scene = new Scene();
  const { connection } = scene.add("ann");
  const options = Object.freeze({ event: "hello", timeout: 5000, metadata: Object.freeze({}) });
  scene.destination.send(options);
  scene.destination.broadcast(options);
  const asked = [scene.destination.request(options)];
  connection.answer(1);
  await Promise.all(asked);
  expect(Object.keys(options)).toEqual(["event", "timeout", "metadata"]);
});

it("broadcasts to everybody but those who cannot take more, and tells whom it reached", () => {
  const scene = new Scene();
  const [ann, ben, cleo, dan] = ["ann", "ben", "cleo", "dan"].map((name) => scene.add(name));
  if (ben !== undefined) ben.connection.fault = new TroupeError("OVERLOADED", "too much waits");
  if (cleo !== undefined) cleo.connection.fault = new TroupeError("DISCONNECTED", "lost");
  expect(scene.destination.broadcast("hello")).toEqual([ann?.unit, dan?.unit]);
});

describe("providers", () => {
  it("limit it to the units it trusts", () => {
    const trusted = unitOf("ann").unit.id;
    const scene = new Scene({ providers: [trusted] });
    const nobody = new Scene({ providers: [] });
    scene.add("ann");
    nobody.add("ben");
    expect(scene.events).toEqual(["open", "ann"]);
    expect(nobody.events).toEqual([]);
    expect(nobody.destination.ready).toBe(false);
  });

  it("may change their mind about newcomers: a unit that was let in leaves all the same", () => {
    let open = true;
    const scene = new Scene({ providers: () => open });
    const { unit } = scene.add("ann");
    open = false;
    scene.roster.remove(unit);
    expect(scene.destination.units).toEqual([]);
    expect(scene.events).toEqual(["open", "ann", "close"]);
  });

  it("that throw trust nobody, and hurt nobody else", () => {
    const scene = new Scene({
      providers: () => {
        throw new Error("the database is away");
      },
    });
    const other = destinationOf(scene.roster, scene.clock);
    scene.add("ann");
    expect(scene.destination.ready).toBe(false);
    expect(other.ready).toBe(true);
  });
});

describe("whenReady()", () => {
  it("resolves at once when there is a unit", async () => {
    const scene = new Scene();
    scene.add("ann");
    expect(await scene.destination.whenReady()).toBe(scene.destination);
    expect(scene.clock.timers).toBe(0);
  });

  it("resolves as soon as there is one, and leaves no timer", async () => {
    const scene = new Scene();
    const waiting = scene.destination.whenReady({ timeout: 1000 });
    expect(scene.clock.timers).toBe(1);
    scene.add("ann");
    await waiting;
    expect(scene.clock.timers).toBe(0);
  });

  it("rejects when its time is over", async () => {
    const scene = new Scene();
    const waiting = rejection(scene.destination.whenReady({ timeout: 1000 }));
    scene.clock.tick(1000);
    expect(await waiting).toEqual(isTroupeError("TIMEOUT", "after 1000 ms"));
  });

  it("rejects when it is cancelled, before or meanwhile", async () => {
    const scene = new Scene();
    const { destination } = scene;
    const before = rejection(destination.whenReady({ signal: AbortSignal.abort("why") }));
    expect(await before).toEqual(isTroupeError("CANCELLED"));
    const abort = new AbortController();
    const meanwhile = rejection(destination.whenReady({ timeout: 1000, signal: abort.signal }));
    abort.abort("why");
    expect(await meanwhile).toMatchObject({ code: "CANCELLED", cause: "why" });
    expect(scene.clock.timers).toBe(0);
  });

  it("rejects when the peer is closed, before or meanwhile, instead of waiting for ever", async () => {
    const scene = new Scene();
    const meanwhile = rejection(scene.destination.whenReady());
    scene.roster.close();
    expect(await meanwhile).toEqual(isTroupeError("CLOSED"));
    expect(await rejection(scene.destination.whenReady())).toEqual(isTroupeError("CLOSED"));
  });

  it("refuses a timeout that is none", async () => {
    const waiting = new Scene().destination.whenReady({ timeout: 0 });
    expect(await rejection(waiting)).toEqual(isTroupeError("BAD_ARGUMENT", "timeout"));
  });
});
