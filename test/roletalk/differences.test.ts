/** The differences that docs/migrating-from-roletalk.md lists, in its order. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type Context, type Destination, type Peer, TroupeError } from "troupe";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocketServer } from "ws";
import { certificate } from "../support/certificate.ts";
import { isTroupeError } from "../support/errors.ts";
import {
  addressOf,
  Log,
  listening,
  newPeer,
  next,
  pair,
  rejection,
  signal,
} from "../support/mesh.ts";

/** A server that plays `svc`, and that role as a client sees it. */
async function served(): Promise<{ server: Peer; client: Peer; svc: Destination; log: Log }> {
  const log = new Log();
  const { server, client } = await pair({ logger: log });
  server.role("svc");
  return { server, client, svc: await client.destination("svc").whenReady(), log };
}

describe("calls", () => {
  it("all errors are TroupeErrors with a code, whichever way they come", async () => {
    const { svc } = await served();
    const error = await rejection(svc.request("unknown"));
    const told = await new Promise((resolve) => svc.request("unknown", 1, resolve));
    expect([error, told]).toEqual([isTroupeError("NO_EVENT"), isTroupeError("NO_EVENT")]);
    expect(error).toBeInstanceOf(Error);
  });

  it("with nobody to call, request rejects and tells its callback, and the callback of send is called", async () => {
    const nobody = newPeer().destination("nobody");
    expect(await rejection(nobody.request("hello", 1))).toEqual(isTroupeError("NO_UNITS"));
    for (const call of [
      (callback: (error: unknown) => void) => nobody.request("hello", 1, callback),
      (callback: (error: unknown) => void) => nobody.send("hello", 1, callback),
    ]) {
      expect(await new Promise((resolve) => void call(resolve))).toEqual(isTroupeError("NO_UNITS"));
    }
    expect(nobody.survey("hello", 1, () => expect.unreachable())).toBe(0);
  });

  it("a timeout of 0 is refused, and the default is a minute", async () => {
    const { svc, server } = await served();
    expect(await rejection(svc.request({ event: "hello", timeout: 0 }))).toEqual(
      isTroupeError("BAD_ARGUMENT"),
    );
    server.role("svc").onRequest("left", (ctx) => Number(ctx.deadline) - Date.now());
    const { data } = await svc.request<number>("left");
    expect(data).toBeGreaterThan(55_000);
    expect(data).toBeLessThanOrEqual(60_001);
  });

  it("data arrives as it was, not as JSON makes it, and what cannot is refused instead of dropped", async () => {
    const { svc, server } = await served();
    server.role("svc").onRequest("echo", (ctx) => ctx.data);
    const sent = { date: new Date(5), map: new Map([[1, 2n]]), none: undefined };
    expect((await svc.request("echo", sent)).data).toStrictEqual(sent);
    for (const data of [{ a: () => 1 }, Symbol("no"), /no/])
      expect(await rejection(svc.request("echo", data))).toEqual(isTroupeError("BAD_PAYLOAD"));
  });

  it("names are bounded", async () => {
    const { svc, client } = await served();
    for (const name of ["", "$own", "x".repeat(256)]) {
      expect(() => client.role(name)).toThrow(isTroupeError("BAD_ARGUMENT"));
      expect(() => client.destination(name)).toThrow(isTroupeError("BAD_ARGUMENT"));
    }
    expect(await rejection(svc.request("x".repeat(256)))).toEqual(isTroupeError("BAD_ARGUMENT"));
  });
});

describe("handlers", () => {
  it("answer by what they return, too", async () => {
    const { svc, server } = await served();
    server.role("svc").onRequest("return", (_ctx, cb) => {
      setImmediate(() => cb(null, "called back"));
      return "returned";
    });
    server.role("svc").onRequest("braces", (_ctx, cb) => {
      setImmediate(() => cb(null, "called back"));
    });
    expect((await svc.request("return")).data).toBe("returned");
    expect((await svc.request("braces")).data).toBe("called back");
  });

  it("that come after the answer do not run", async () => {
    const { svc, server } = await served();
    const ran: string[] = [];
    server.role("svc").onRequest("both", (_ctx, cb) => {
      ran.push("first");
      cb(null, 1);
    });
    server.role("svc").onRequest("both", (_ctx, cb) => {
      ran.push("second");
      cb(null, 2);
    });
    expect([(await svc.request("both")).data, ran]).toEqual([1, ["first"]]);
  });

  it("that throw or reject reject the request, or are logged, and end no process", async () => {
    const { svc, server, log } = await served();
    const fail = async (): Promise<never> => {
      throw new Error("broken");
    };
    server.role("svc").onRequest("fail", fail);
    server.role("svc").onMessage("fail", fail);
    svc.send("fail");
    expect(await rejection(svc.request("fail"))).toEqual(isTroupeError("REJECTED", "broken"));
    expect(log.errors).toEqual([expect.stringContaining("broken")]);
  });

  it("wait for async middleware before them", async () => {
    const { svc, server } = await served();
    server.onRequest(async (ctx) => {
      await new Promise((later) => setImmediate(later));
      ctx.data = "changed later";
    });
    server.role("svc").onRequest("see", (ctx, cb) => cb(null, ctx.data));
    expect((await svc.request("see", "as it was")).data).toBe("changed later");
  });

  it("middleware sees events that have no handler", async () => {
    const { svc, server } = await served();
    const seen: string[] = [];
    server.onRequest((ctx) => void seen.push(ctx.event));
    expect(await rejection(svc.request("unknown"))).toEqual(isTroupeError("NO_EVENT"));
    expect(seen).toEqual(["unknown"]);
  });

  it("take anything but null and undefined for an error", async () => {
    const { svc, server } = await served();
    for (const error of ["", 0, false])
      server.role("svc").onRequest(`${error}`, (_ctx, cb) => cb(error, "data"));
    for (const event of ["", "0", "false"])
      expect(await rejection(svc.request(event))).toEqual(isTroupeError("REJECTED", event));
  });

  it("have ctx.next for messages, too", async () => {
    const { svc, server } = await served();
    const { promise, fire } = signal<Context>();
    server.role("svc").onMessage("note", fire);
    svc.send("note");
    expect(typeof (await promise).next).toBe("function");
  });
});

describe("connections", () => {
  it("are made between peers of Troupe only", async () => {
    const other = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    onTestFinished(() => void other.close());
    // The first word of a roletalk peer without keys: it confirms, and tells who it is.
    other.on("connection", (socket) => socket.send(Buffer.from('\x03{"id":"1","roles":[]}')));
    await once(other, "listening");
    const address = `ws://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const error = await rejection(newPeer().connect(address, { permanent: false }));
    expect(error).toEqual(isTroupeError("HANDSHAKE_FAILED"));
  });

  it("what cannot be is a rejection, not a throw", async () => {
    const server = await listening();
    const tries = [server.listen(0), newPeer().listen({}), newPeer().connect(5 as never)];
    for (const tried of tries) expect(await rejection(tried)).toBeInstanceOf(TroupeError);
  });

  it("over TLS verify the certificate unless told not to", async () => {
    const server = newPeer();
    await server.listen({ port: 0, host: "127.0.0.1", ssl: certificate });
    const address = `wss://127.0.0.1:${server.port}`;
    expect(await rejection(newPeer().connect(address, { permanent: false }))).toEqual(
      isTroupeError("CONNECT_FAILED"),
    );
    const { unit } = await newPeer().connect(address, { rejectUnauthorized: false });
    expect(unit.id).toBe(server.id);
  });

  it("are not permanent when they shall not be", async () => {
    const server = await listening();
    const client = newPeer();
    const fails: unknown[] = [];
    client.on("reconnect_fail", (event) => fails.push(event));
    const { unit } = await client.connect(addressOf(server), { permanent: false });
    const closed = next(unit, "close");
    await server.close();
    await closed;
    expect([client.units, fails]).toEqual([[], []]);
  });

  it("that are permanent come back after unit.close() unless their signal has aborted", async () => {
    const server = await listening();
    const client = newPeer();
    const fails: unknown[] = [];
    client.on("reconnect_fail", (event) => fails.push(event));
    const abort = new AbortController();
    const first = next(server, "unit");
    const { unit } = await client.connect(addressOf(server), { signal: abort.signal });
    await first;
    const again = next(client, "unit");
    unit.close();
    const [back] = await again;
    const closed = next(back, "close");
    abort.abort();
    back.close();
    await closed;
    expect([client.units, fails.length]).toEqual([[], 1]);
  });

  it("do not come back after peer.close()", async () => {
    const { client, server, there } = await pair();
    const again = next(server, "unit");
    there.close();
    const [back] = await again;
    const gone = next(back, "close");
    await client.close();
    await gone;
    expect(server.units).toEqual([]);
    expect(await rejection(client.connect(addressOf(server)))).toEqual(isTroupeError("CLOSED"));
  });

  it("finish what runs when a peer is closed, unless close({ timeout: 0 }) is asked for", async () => {
    const { svc, server } = await served();
    const begun = signal();
    server.role("svc").onRequest("slow", (_ctx, cb) => {
      begun.fire();
      setTimeout(() => cb(null, "done"), 20);
    });
    const asked = svc.request("slow");
    await begun.promise;
    await server.close();
    expect((await asked).data).toBe("done");
  });

  it("from web pages are refused unless their origins are listed", async () => {
    const server = await listening();
    const headers = { Origin: "https://app.example" };
    const options = { permanent: false, headers };
    expect(await rejection(newPeer().connect(addressOf(server), options))).toEqual(
      isTroupeError("CONNECT_FAILED", "Origin"),
    );
    const open = newPeer();
    await open.listen({ port: 0, host: "127.0.0.1", origins: ["https://app.example"] });
    expect((await newPeer().connect(addressOf(open), options)).unit.id).toBe(open.id);
  });

  it("are authenticated by public keys, which are the ids; a pre-shared key is never empty", () => {
    const peer = newPeer();
    expect(peer.id).toMatch(/^[0-9a-f]{64}$/);
    expect(() => peer.addPresharedKey("id", "")).toThrow(isTroupeError("BAD_ARGUMENT"));
  });
});

describe("events", () => {
  it("of reconnecting name the address as a URL, and count the loss itself", async () => {
    const { client, server, back } = await pair();
    const restored = next(client, "reconnect_success");
    back.close();
    const [{ address, count }] = await restored;
    expect([address, count]).toEqual([`${addressOf(server)}/`, 1]);
  });

  it("of failed authentication bring an error, and from where", async () => {
    const server = await listening();
    server.addPresharedKey("id", "key");
    const heard = next(server, "auth_error");
    await rejection(newPeer().connect(addressOf(server), { permanent: false }));
    expect(await heard).toEqual([isTroupeError("NO_COMMON_KEY"), expect.any(String)]);
  });

  it("are heard by on, once and off, and an emitter is no EventEmitter of Node", () => {
    const peer = newPeer();
    expect([typeof peer.on, typeof peer.once, typeof peer.off]).toEqual(Array(3).fill("function"));
    expect("addListener" in peer || "removeListener" in peer).toBe(false);
  });
});

it("a role that is there already is enabled or disabled by role(name, active)", () => {
  const role = newPeer().role("svc");
  expect([role.peer.role("svc", false), role.active]).toEqual([role, false]);
});
