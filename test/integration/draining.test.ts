import { describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import { join, listening, newPeer, next, pair, rejection, signal } from "../support/mesh.ts";
import { openProxy } from "../support/proxy.ts";
import { expectServed, served } from "./served.ts";

/** Milliseconds until a promise is settled. */
async function timed(promise: Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await promise;
  return performance.now() - begun;
}

describe("close() waits", () => {
  it("for the calls that it serves", async () => {
    const { server, client, svc } = await served();
    const [reached, go] = [signal(), signal()];
    server.role("svc").onRequest("wait", async () => {
      reached.fire();
      await go.promise;
      return "at last";
    });
    const asked = svc.request("wait");
    await reached.promise;
    let closed = false;
    const closing = server.close().then(() => {
      closed = true;
    });
    await next(svc, "close");
    expect(closed).toBe(false);
    expect(client.units).toHaveLength(1);
    go.fire();
    expect((await asked).data).toBe("at last");
    await closing;
    expect(server.units).toEqual([]);
  });

  it("for the calls that it has made", async () => {
    const { server, client } = await pair();
    const [reached, go] = [signal(), signal()];
    client.role("svc").onRequest("wait", async () => {
      reached.fire();
      await go.promise;
      return "at last";
    });
    const svc = await server.destination("svc").whenReady();
    const asked = svc.request("wait");
    await reached.promise;
    const closing = server.close();
    go.fire();
    expect((await asked).data).toBe("at last");
    await closing;
  });

  it("as long as its timeout says, and then for nobody", async () => {
    const { server, svc } = await served();
    const reached = signal();
    server.role("svc").onRequest("never", () => {
      reached.fire();
      return new Promise(() => {});
    });
    const asked = rejection(svc.request("never"));
    await reached.promise;
    const time = await timed(server.close({ timeout: 100 }));
    expect(time).toBeGreaterThan(95);
    expect(time).toBeLessThan(1000);
    expect(await asked).toEqual(isTroupeError("OUTCOME_UNKNOWN", "CLOSED"));
  });

  it("for nobody with a timeout of 0", async () => {
    const { server, svc } = await served();
    const reached = signal();
    server.role("svc").onRequest("never", () => {
      reached.fire();
      return new Promise(() => {});
    });
    const asked = rejection(svc.request("never"));
    await reached.promise;
    expect(await timed(server.close({ timeout: 0 }))).toBeLessThan(500);
    expect(await asked).toEqual(isTroupeError("OUTCOME_UNKNOWN"));
  });

  it("not for calls whose time is over, or that were cancelled", async () => {
    const { server, svc } = await served();
    server.role("svc").onRequest("never", () => new Promise(() => {}));
    const abort = new AbortController();
    const cancelled = rejection(svc.request({ event: "never", signal: abort.signal }));
    const expired = rejection(svc.request({ event: "never", timeout: 30 }));
    expect(await expired).toEqual(isTroupeError("TIMEOUT"));
    abort.abort();
    expect(await cancelled).toEqual(isTroupeError("CANCELLED"));
    expect(await timed(server.close())).toBeLessThan(500);
  });

  it("not at all when nothing runs, whichever side goes first", async () => {
    const { server, client, svc } = await served();
    await expectServed(svc);
    const third = newPeer();
    await join(third, server);
    expect(await timed(client.close())).toBeLessThan(500);
    expect(await timed(Promise.all([server.close(), third.close()]))).toBeLessThan(500);
  });

  it("not for ever for somebody who does not answer any more", async () => {
    const server = await listening();
    const proxy = await openProxy(server.port);
    const client = newPeer();
    await client.connect(proxy.address);
    await expect.poll(() => server.units.length).toBe(1);
    proxy.last.stall();
    const both = [client.close({ timeout: 100 }), server.close({ timeout: 0 })];
    expect(await timed(Promise.all(both))).toBeLessThan(3000);
  });
});

describe("a peer that drains", () => {
  it("is called no more by units that know others, from the moment they hear of it", async () => {
    const client = newPeer();
    const [leaving, staying] = [await listening(), await listening()];
    const go = signal();
    for (const server of [leaving, staying]) {
      server.role("svc").onRequest("wait", () => go.promise.then(() => "done"));
      server.role("svc").onRequest("ping", () => (server === leaving ? "leaving" : "staying"));
      await join(client, server);
    }
    const svc = client.destination("svc");
    const running = [svc.request("wait"), svc.request("wait")];
    await expect.poll(() => leaving.units[0]?.load).toBe(1);
    const closing = leaving.close();
    await expect.poll(() => svc.units.length).toBe(1);
    const answers = await Promise.all(Array.from({ length: 20 }, () => svc.request("ping")));
    expect(answers.map(({ data }) => data)).toEqual(answers.map(() => "staying"));
    expect(client.units).toHaveLength(2);
    go.fire();
    expect((await Promise.all(running)).map(({ data }) => data)).toEqual(["done", "done"]);
    await closing;
    await expect.poll(() => client.units.length).toBe(1);
  });

  it("serves what was on its way to it when it began: nobody who calls all the time has a call fail", async () => {
    const client = newPeer();
    const staying = await listening();
    staying.role("svc").onRequest("ping", () => "pong");
    await join(client, staying);
    const svc = client.destination("svc");
    let calling = true;
    const failures: unknown[] = [];
    const call = async (): Promise<void> => {
      while (calling) await svc.request("ping").catch((error: unknown) => failures.push(error));
    };
    const calls = Array.from({ length: 16 }, call);
    for (let i = 0; i < 20; i++) {
      const leaving = await listening();
      leaving.role("svc").onRequest("ping", () => "pong");
      const { there } = await join(client, leaving, { permanent: false });
      const gone = next(there, "close");
      await svc.request({ event: "ping", unit: there });
      await leaving.close();
      await gone;
    }
    calling = false;
    await Promise.all(calls);
    expect(failures).toEqual([]);
  });
});
