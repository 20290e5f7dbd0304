import { describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { join, listening, newPeer, next, rejection, signal } from "../support/mesh.ts";
import { expectServed, served } from "./served.ts";

describe("a handler of a request that never answers", () => {
  it("is TIMEOUT for its caller, and the place it took is free again", async () => {
    const { server, svc } = await served({ limits: { requests: 1 } });
    server.role("svc").onRequest("never", () => new Promise(() => {}));
    for (let i = 0; i < 3; i++) {
      const error = await rejection(svc.request({ event: "never", timeout: 30 }));
      expect(error).toEqual(isTroupeError("TIMEOUT", "svc/never: no answer from unit"));
      // The place is free once the other side has heard that nobody waits.
      await expect.poll(() => svc.request("ping").then(({ data }) => data, String)).toBe("pong");
    }
  });

  it("by a callback that is never called is TIMEOUT, too", async () => {
    const { server, svc } = await served();
    server.role("svc").onRequest("never", (_ctx, _answer) => undefined);
    const error = await rejection(svc.request({ event: "never", timeout: 30 }));
    expect(error).toEqual(isTroupeError("TIMEOUT"));
  });

  it("is TIMEOUT after the peer's own time where the request names none", async () => {
    const server = await listening();
    server.role("svc").onRequest("never", () => new Promise(() => {}));
    const client = newPeer({ timeouts: { request: 40 } });
    await join(client, server);
    expect(await rejection(client.destination("svc").request("never"))).toEqual(
      isTroupeError("TIMEOUT", "within 40 ms"),
    );
  });
});

describe("the handler of a request knows", () => {
  it("when its caller stops waiting", async () => {
    const { server, svc } = await served();
    server.role("svc").onRequest("when", (ctx) => [Date.now(), ctx.deadline ?? null]);
    const [now, deadline] = (await svc.request<number[]>({ event: "when", timeout: 5000 })).data;
    expect((deadline ?? 0) - (now ?? 0)).toBeGreaterThan(4000);
    expect((deadline ?? 0) - (now ?? 0)).toBeLessThanOrEqual(5001);
    const forEver = await svc.request<unknown[]>({
      event: "when",
      timeout: Number.POSITIVE_INFINITY,
    });
    expect(forEver.data[1]).toBeNull();
  });

  it.each(["cancels", "times out", "leaves"])("that its caller %s, by ctx.signal", async (how) => {
    const { server, client, svc } = await served();
    const reached = signal();
    const aborted = signal<unknown>();
    server.role("svc").onRequest("wait", (ctx) => {
      ctx.signal.addEventListener("abort", () => aborted.fire(ctx.signal.reason));
      reached.fire();
      return new Promise(() => {});
    });
    const abort = new AbortController();
    const timeout = how === "times out" ? 50 : 5000;
    const asked = rejection(svc.request({ event: "wait", timeout, signal: abort.signal }));
    await reached.promise;
    if (how === "cancels") abort.abort("enough");
    if (how === "leaves") void client.close({ timeout: 0 });
    const code = how === "leaves" ? "DISCONNECTED" : "CANCELLED";
    expect(await aborted.promise).toMatchObject({ code });
    const codes = { cancels: "CANCELLED", "times out": "TIMEOUT", leaves: "CLOSED" };
    expect(await asked).toMatchObject({ code: codes[how as keyof typeof codes] });
  });

  it("so late that it asks for the signal only afterwards", async () => {
    const { server, svc } = await served();
    const reached = signal();
    const go = signal();
    const seen = signal<boolean>();
    server.role("svc").onRequest("wait", async (ctx) => {
      reached.fire();
      await go.promise;
      seen.fire(ctx.signal.aborted);
    });
    const abort = new AbortController();
    const asked = rejection(svc.request({ event: "wait", signal: abort.signal }));
    await reached.promise;
    abort.abort();
    await asked;
    await expectServed(svc);
    go.fire();
    expect(await seen.promise).toBe(true);
  });

  it("nothing of the kind when it has answered in time", async () => {
    const { server, client, svc } = await served();
    let signalled: AbortSignal | undefined;
    server.role("svc").onRequest("quick", (ctx) => {
      signalled = ctx.signal;
      return 1;
    });
    await svc.request("quick");
    await client.close();
    expect(signalled?.aborted).toBe(false);
  });
});

describe("a handler that answers after its caller has gone", () => {
  it.each(["given up", "hung up"])("because it has %s hurts nobody", async (how) => {
    const { server, client, svc } = await served();
    const reached = signal();
    const go = signal();
    const answered = signal();
    server.role("svc").onRequest("late", async (_ctx, answer) => {
      reached.fire();
      await go.promise;
      answer(null, "too late");
      setImmediate(answered.fire);
      throw new Error("and this, too");
    });
    const abort = new AbortController();
    const asked = rejection(svc.request({ event: "late", signal: abort.signal }));
    await reached.promise;
    if (how === "given up") {
      abort.abort();
    } else {
      const [unit] = server.units;
      if (unit === undefined) throw new Error("nobody is there");
      const gone = next(unit, "close");
      await client.close({ timeout: 0 });
      await gone;
    }
    await asked;
    go.fire();
    await answered.promise;
    const other = newPeer();
    await join(other, server);
    await expectServed(other.destination("svc"));
    if (how === "given up") await expectServed(svc);
  });

  it("leaves the answer to the next request of the same number alone", async () => {
    const { server, svc } = await served();
    const waiting: ((value: string) => void)[] = [];
    server.role("svc").onRequest("wait", () => new Promise((resolve) => waiting.push(resolve)));
    const first = rejection(svc.request({ event: "wait", timeout: 30 }));
    expect(await first).toEqual(isTroupeError("TIMEOUT"));
    await expectServed(svc);
    const second = svc.request("wait");
    await expect.poll(() => waiting.length).toBe(2);
    waiting[0]?.("of the first");
    waiting[1]?.("of the second");
    expect((await second).data).toBe("of the second");
  });
});
