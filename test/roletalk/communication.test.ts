/** What roletalk's document and its types promise of messages, requests and their contexts. */
import type { Context, Destination, Peer, Unit } from "troupe";
import { beforeEach, describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { join, listening, newPeer, rejection, signal } from "../support/mesh.ts";

/** Three peers that play A and have dialled a fourth one, which plays B. */
let a: readonly Peer[];
let b: Peer;
let toA: Destination;
let toB: Destination;

beforeEach(async () => {
  b = await listening({ name: "b" });
  b.role("B");
  a = ["a1", "a2", "a3"].map((name) => newPeer({ name }));
  for (const peer of a) {
    peer.role("A");
    await join(peer, b);
  }
  toA = b.destination("A");
  toB = (a[0] as Peer).destination("B");
});

/** What a callback of `(err, ctx)` is called with. */
function outcome(
  ask: (callback: (err: Error | null, ctx?: Context) => void) => unknown,
): Promise<[Error | null, Context | undefined]> {
  return new Promise((resolve) => void ask((err, ctx) => resolve([err, ctx])));
}

describe("the context", () => {
  it("of a message has its unit, role, event, data and type, and what came", async () => {
    const { promise, fire } = signal<Context>();
    b.role("B").onMessage("note", fire);
    toB.send("note", { a: 1 });
    const ctx = await promise;
    expect(ctx).toMatchObject({ role: "B", event: "note", data: { a: 1 }, type: "object" });
    expect([ctx.unit.id, ctx.rtt]).toEqual([a[0]?.id, undefined]);
    expect([Buffer.isBuffer(ctx.origin.raw), ctx.origin.type]).toEqual([true, "object"]);
  });

  it("of a request has them, too, and that of its answer has data, unit and round-trip time", async () => {
    b.role("B").onRequest("greet", (ctx, cb) => {
      cb(null, `${ctx.unit.name} ${ctx.role} ${ctx.event} ${ctx.data} ${ctx.type}`);
    });
    const [err, ctx] = await outcome((cb) => toB.request("greet", 5, cb));
    expect(err).toBeNull();
    expect(ctx).toMatchObject({ data: "a1 B greet 5 number", type: "string" });
    expect([ctx?.unit.id, typeof ctx?.rtt]).toEqual([b.id, "number"]);
  });
});

describe("a request", () => {
  it("is rejected with the handler's message, for promises and for callbacks", async () => {
    b.role("B").onRequest("fail", (_ctx, cb) => {
      cb(new Error("error message 1"), null);
    });
    expect(await rejection(toB.request("fail", 1))).toMatchObject({ message: "error message 1" });
    const [err, ctx] = await outcome((cb) => toB.request("fail", 1, cb));
    expect(err).toBeInstanceOf(Error);
    expect(err?.message).toBe("error message 1");
    expect([ctx?.unit.id, ctx?.data, ctx?.error]).toEqual([b.id, null, err]);
  });

  it("to a role that is disabled, or an event that nobody handles, fails", async () => {
    expect(await rejection(toB.request("unknown", 1))).toEqual(isTroupeError("NO_EVENT"));
    b.role("B").onRequest("later", (_ctx, cb) => cb(null, true));
    const asked = rejection(toB.request("later", 1));
    b.role("B").disable();
    expect(await asked).toEqual(isTroupeError("ROLE_DISABLED"));
  });

  it("fails when its timeout exceeds, and when its unit disconnects after it was sent", async () => {
    b.role("B").onRequest("never", (_ctx, _cb) => {});
    const [late] = await outcome((cb) => toB.request({ event: "never", timeout: 10 }, 1, cb));
    expect(late).toEqual(isTroupeError("TIMEOUT"));
    const lost = outcome((cb) => toB.request("never", 1, cb));
    await b.close({ timeout: 1 });
    const [err, ctx] = await lost;
    expect(err).toEqual(isTroupeError("OUTCOME_UNKNOWN"));
    expect(ctx?.unit.id).toBe(b.id);
  });

  it("goes to one unit, and several at once do not meet", async () => {
    let asked = 0;
    for (const peer of a) {
      peer.role("A").onRequest("who", (_ctx, cb) => {
        asked++;
        setImmediate(() => cb(null, peer.name));
      });
    }
    const each = b.units.map((unit) =>
      outcome((cb) => toA.request({ event: "who", unit }, null, cb)),
    );
    const answers = (await Promise.all(each)).map(([, ctx]) => ctx?.data);
    expect(answers).toEqual(b.units.map(({ name }) => name));
    expect(asked).toBe(3);
  });
});

describe("a message", () => {
  it("gives its unit, or undefined when there is none", () => {
    expect(b.units).toContain(toA.send("anything", 1));
    expect(b.destination("UNREGISTERED").send("anything", 1)).toBeUndefined();
  });

  it("goes to one unit, and a broadcast to all", async () => {
    const heard: string[] = [];
    for (const peer of a) peer.role("A").onMessage("note", (ctx) => heard.push(String(ctx.data)));
    toA.send("note", "one");
    toA.broadcast("note", "all");
    await expect
      .poll(() => heard.toSorted((x, y) => x.localeCompare(y)))
      .toEqual(["all", "all", "all", "one"]);
  });

  it("is heard by all handlers of its event", async () => {
    const heard: string[] = [];
    b.role("B").onMessage("note", () => heard.push("first"));
    b.role("B").onMessage("note", () => heard.push("second"));
    toB.send("note", 1);
    await expect.poll(() => heard).toEqual(["first", "second"]);
  });
});

it("the unit that is named is the one that is called, however often", async () => {
  const unit = b.units[1] as Unit;
  for (let i = 0; i < 20; i++) {
    expect(toA.send({ event: "anything", unit }, 0)).toBe(unit);
    const [err, ctx] = await outcome((cb) => toA.request({ event: "unhandled", unit }, 1, cb));
    expect(err).not.toBeNull();
    expect(ctx?.unit).toBe(unit);
  }
});

it("a survey calls back once for each unit, and returns how many there are", async () => {
  for (const peer of a) {
    peer.role("A").onRequest("load", (_ctx, cb) => {
      if (peer.name === "a2") cb(new Error("busy"));
      else cb(null, peer.name);
    });
  }
  const { promise, fire } = signal();
  const answers: string[] = [];
  const asked = toA.survey("load", null, (err, ctx) => {
    answers.push(err === null ? String(ctx.data) : `${ctx?.unit.name}: ${err.message}`);
    if (answers.length === 3) fire();
  });
  expect(asked).toBe(3);
  await promise;
  expect(answers.toSorted((x, y) => x.localeCompare(y))).toEqual(["a1", "a2: busy", "a3"]);
});

describe("data arrives as what it is:", () => {
  const object = { a: 1, b: [0, undefined, true], c: { d: null, g: "text" } };
  it.each<[string, unknown, unknown]>([
    ["binary", Buffer.from([1, 2]), Buffer.from([1, 2])],
    ["null", null, null],
    ["null", undefined, null],
    ["boolean", true, true],
    ["boolean", false, false],
    ["string", "zxcvb. ü", "zxcvb. ü"],
    ["number", 123.567, 123.567],
    ["number", -10, -10],
    ["object", object, object],
    ["object", [1, "two"], [1, "two"]],
  ])("%s %j", async (type, sent, arrives) => {
    b.role("B").onRequest("echo", (ctx, cb) => {
      expect(ctx.data).toEqual(arrives);
      cb(null, { type: ctx.type, binary: Buffer.isBuffer(ctx.data) });
    });
    b.role("B").onRequest("back", (ctx, cb) => cb(null, ctx.data));
    const { data } = await toB.request("echo", sent);
    expect(data).toEqual({ type, binary: type === "binary" });
    const back = await toB.request("back", sent);
    expect([back.data, back.type]).toEqual([arrives, type]);
    expect(Buffer.isBuffer(back.data)).toBe(type === "binary");
  });
});

describe("middleware", () => {
  it("is run from the general to the special, and goes on in the opposite order after the answer", async () => {
    const add = (ctx: Context, digit: string): void => {
      ctx.response = `${ctx.response ?? ""}${digit}`;
    };
    b.role("B").onRequest("count", (ctx, cb) => {
      cb(null, `${ctx.response}5`);
    });
    b.role("B").onRequest(async (ctx) => {
      add(ctx, "4");
      await ctx.next();
      add(ctx, "4");
    });
    b.role("B").onData(async (ctx) => {
      add(ctx, "3");
      await ctx.next();
      add(ctx, "3");
    });
    b.onRequest(async (ctx, _cb) => {
      add(ctx, "2");
      void ctx.next().then(() => add(ctx, "2")); // not awaited
    });
    b.onData(async (ctx) => {
      add(ctx, "1");
      await ctx.next();
      add(ctx, "1");
    });
    expect((await toB.request("count", 1)).data).toBe("123454321");
  });

  it("may answer by its callback, may reassign data and type, and may make an error of an answer", async () => {
    b.onRequest((ctx, cb) => {
      if (ctx.event === "secret") cb(new Error("no entry"));
    });
    b.role("B").onRequest(async (ctx) => {
      ctx.data = [ctx.data];
      ctx.type = "object";
      await ctx.next();
      if (ctx.event === "spoilt") ctx.error = new Error("spoilt");
    });
    for (const event of ["secret", "spoilt", "open"])
      b.role("B").onRequest(event, (ctx, cb) => cb(null, { data: ctx.data, type: ctx.type }));
    expect(await rejection(toB.request("secret", 1))).toMatchObject({ message: "no entry" });
    expect(await rejection(toB.request("spoilt", 1))).toMatchObject({ message: "spoilt" });
    expect((await toB.request("open", 1)).data).toEqual({ data: [1], type: "object" });
  });

  it("for data of every kind sees messages, too, also when it looks for next()", async () => {
    const seen: string[] = [];
    b.onData(async (ctx) => {
      await ctx.next?.();
      seen.push(ctx.event);
    });
    b.role("B").onMessage("note", () => seen.push("handler"));
    toB.send("note", 1);
    await expect.poll(() => seen).toEqual(["handler", "note"]);
  });
});
