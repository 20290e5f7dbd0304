import { describe, expect, it } from "vitest";
import { TroupeError } from "../../src/errors.ts";
import type { DestinationOptions } from "../../src/peer/destination-options.ts";
import { isTroupeError } from "../support/errors.ts";
import { rejection } from "../support/mesh.ts";
import type { FakeConnection } from "./fakes.ts";
import { Scene as Units } from "./scene.ts";

const lost = new TroupeError("DISCONNECTED", "the connection was lost");

/** The units ann, ben and cleo, and what their destination tells of those it sets aside. */
class Scene extends Units {
  readonly units = ["ann", "ben", "cleo"].map((name) => this.add(name));
  readonly told: string[] = [];

  constructor(options: DestinationOptions = {}) {
    super(options);
    const aside = (): string => this.destination.ejected.map(({ name }) => name).join(" ");
    this.destination.on("eject", ({ name }, { code }) => {
      this.told.push(`${name} ${code}, aside: ${aside()}`);
    });
    this.destination.on("restore", ({ name }) => this.told.push(`${name} back, aside: ${aside()}`));
  }

  connection(name: string): FakeConnection {
    const found = this.units.find(({ unit }) => unit.name === name);
    if (found === undefined) throw new Error(`${name} is not there`);
    return found.connection;
  }

  /** Requests one after the other: ann never answers, the others do at once. @returns who was asked */
  async calls(count: number, event = "hello"): Promise<string[]> {
    const asked: string[] = [];
    for (let i = 0; i < count; i++) {
      const request = this.destination.request({ event, timeout: 10 });
      for (const { unit, connection } of this.units) {
        if (connection.calls.length === 0) continue;
        asked.push(unit.name);
        if (unit.name === "ann") {
          this.clock.tick(10);
          connection.calls.length = 0;
          expect(await rejection(request)).toEqual(isTroupeError("TIMEOUT"));
        } else {
          connection.answer("hi");
          await request;
        }
      }
    }
    return asked;
  }

  /** Has ann set aside. */
  async eject(): Promise<this> {
    await this.calls(15);
    expect(this.destination.ejected.map(({ name }) => name)).toEqual(["ann"]);
    return this;
  }
}

describe("a unit that does not answer", () => {
  it("is set aside after five requests, and the others share the rest exactly evenly", async () => {
    const scene = new Scene();
    const asked = await scene.calls(13);
    expect(asked.filter((name) => name === "ann")).toHaveLength(5);
    expect(scene.told).toEqual(["ann TIMEOUT, aside: ann"]);
    const [first, second] = await scene.calls(40);
    expect(new Set([first, second])).toEqual(new Set(["ben", "cleo"]));
    const then = await scene.calls(40);
    expect(then.filter((name) => name === "ben")).toHaveLength(20);
    expect(then.filter((name) => name === "ann")).toHaveLength(0);
  });

  it("is tried by one request after its time, and set aside for longer when that fails", async () => {
    const scene = await new Scene().eject();
    scene.clock.tick(5500);
    expect((await scene.calls(20)).filter((name) => name === "ann")).toHaveLength(1);
    scene.clock.tick(8900);
    expect(await scene.calls(20)).not.toContain("ann");
    expect(scene.told).toHaveLength(1);
  });

  it("is back when the request that tries it is answered", async () => {
    const scene = await new Scene().eject();
    scene.clock.tick(5500);
    const request = scene.destination.request("hello");
    scene.connection("ann").answer("hi");
    expect((await request).unit.name).toBe("ann");
    expect(scene.told).toEqual(["ann TIMEOUT, aside: ann", "ann back, aside: "]);
    expect(scene.destination.ejected).toEqual([]);
  });

  it("is back, too, when that is refused by its handler", async () => {
    const scene = await new Scene().eject();
    scene.clock.tick(5500);
    const request = scene.destination.request("hello");
    scene.connection("ann").fail(new TroupeError("REJECTED", "not today"));
    await rejection(request);
    expect(scene.destination.ejected).toEqual([]);
  });

  it("is still one of the units, and the destination is ready by it alone", async () => {
    const scene = await new Scene().eject();
    expect(scene.destination.units.map(({ name }) => name).toSorted()).toEqual([
      "ann",
      "ben",
      "cleo",
    ]);
    for (const { unit } of scene.units) if (unit.name !== "ann") scene.roster.remove(unit);
    expect(scene.told.at(-1)).toBe("ann back, aside: ");
    expect(scene.destination.ready).toBe(true);
    expect(scene.destination.send("hello")?.name).toBe("ann");
    expect(scene.events).toEqual(["open", "ann", "ben", "cleo"]);
  });

  it("waits without a timer", async () => {
    const scene = await new Scene().eject();
    // The deadlines of requests keep theirs for a while.
    scene.clock.tick(1000);
    expect(scene.clock.timers).toBe(0);
    expect(scene.destination.ejected).toHaveLength(1);
  });

  it("is set aside by requests that are told to a callback, too", () => {
    const scene = new Scene();
    for (let i = 0; i < 15; i++)
      scene.destination.request({ event: "hello", timeout: 10 }, null, () => {});
    for (const name of ["ben", "cleo"])
      for (let i = 0; i < 5; i++) scene.connection(name).answer("hi");
    scene.clock.tick(10);
    expect(scene.told).toEqual(["ann TIMEOUT, aside: ann"]);
  });
});

describe("who is set aside is reached", () => {
  it("by a broadcast and by a survey", async () => {
    const scene = await new Scene().eject();
    const reached = scene.destination.broadcast("hello").map(({ name }) => name);
    expect(reached.toSorted()).toEqual(["ann", "ben", "cleo"]);
    expect(scene.destination.survey("hello").asked).toBe(3);
    expect(scene.destination.survey("hello", null, () => {})).toBe(3);
    expect(scene.connection("ann").calls).toHaveLength(2);
  });

  it("by a call that names it, whose answer brings nobody back before the time", async () => {
    const scene = await new Scene().eject();
    const { unit, connection } = scene.units[0] ?? {};
    if (unit === undefined) throw new Error("ann is not there");
    expect(scene.destination.send({ event: "hello", unit })).toBe(unit);
    const request = scene.destination.request({ event: "hello", unit });
    connection?.answer("hi");
    expect((await request).unit).toBe(unit);
    expect(scene.destination.ejected).toEqual([unit]);
  });

  it("but by no message, as nothing would be known of it", async () => {
    const scene = await new Scene().eject();
    scene.clock.tick(60_000);
    for (let i = 0; i < 6; i++) expect(scene.destination.send("hello")?.name).not.toBe("ann");
    expect(scene.connection("ann").sent).toEqual([]);
  });
});

describe("nobody is set aside", () => {
  it("for silence in a survey", () => {
    const scene = new Scene({ ejection: { failures: 1 } });
    scene.destination.survey({ event: "hello", timeout: 10 });
    scene.destination.survey({ event: "hello", timeout: 10 }, null, () => {});
    for (const { connection } of scene.units.slice(1))
      for (let i = 0; i < 2; i++) connection.answer("hi");
    scene.clock.tick(100);
    expect(scene.told).toEqual([]);
  });

  it("for what its caller cancels", async () => {
    const scene = new Scene({ ejection: { failures: 1 } });
    for (let i = 0; i < 30; i++) {
      const abort = new AbortController();
      const request = scene.destination.request({ event: "hello", signal: abort.signal });
      abort.abort();
      await rejection(request);
    }
    expect(scene.told).toEqual([]);
  });

  it("where that is switched off", async () => {
    const scene = new Scene({ ejection: false });
    await scene.calls(60);
    expect([scene.told, scene.destination.ejected]).toEqual([[], []]);
  });

  it("any more once that is switched off", async () => {
    const scene = await new Scene().eject();
    scene.destination.configure({ ejection: false });
    expect(scene.told.at(-1)).toBe("ann back, aside: ");
    expect(await scene.calls(3)).toContain("ann");
  });
});

describe("a stream", () => {
  it("that is not taken in time counts as a request that is not answered", () => {
    const scene = new Scene({ ejection: { failures: 1 } });
    const stream = scene.destination.readable({ event: "hello", timeout: 10 });
    stream.on("error", () => {});
    scene.clock.tick(10);
    expect(scene.told).toEqual(["ann TIMEOUT, aside: ann"]);
  });
});

describe("what a connection takes with it", () => {
  it("is one failure, however many requests it was", async () => {
    const scene = new Scene({ ejection: { failures: 2 } });
    const { unit, connection } = scene.units[0] ?? {};
    if (unit === undefined || connection === undefined) throw new Error("ann is not there");
    for (const losses of [1, 2]) {
      const requests = Array.from({ length: 10 }, () =>
        rejection(scene.destination.request({ event: "hello", unit })),
      );
      scene.clock.tick(1);
      while (connection.calls.length > 0) connection.fail(lost);
      await Promise.all(requests);
      expect(scene.destination.ejected).toHaveLength(losses - 1);
      scene.clock.tick(1);
    }
  });
});
