import {
  MemoryIdempotencyStore,
  type Peer,
  type RequestOptions,
  TroupeError,
  type Unit,
} from "troupe";
import { describe, expect, it } from "vitest";
import { isTroupeError } from "../support/errors.ts";
import {
  addressOf,
  join,
  listening,
  newPeer,
  pair,
  rejection,
  signal,
  UNRESUMED,
} from "../support/mesh.ts";
import { openProxy } from "../support/proxy.ts";

/** Two units of the role `svc`, and who calls them. */
async function two(options: object = {}): Promise<{
  client: Peer;
  servers: [Peer, Peer];
  units: [Unit, Unit];
}> {
  const client = newPeer();
  const servers: [Peer, Peer] = [await listening(options), await listening(options)];
  const units: [Unit, Unit] = [
    (await join(client, servers[0])).there,
    (await join(client, servers[1])).there,
  ];
  return { client, servers, units };
}

describe("the outcome of a request whose connection is lost", () => {
  it("is known when it had not left: it was not delivered", async () => {
    const { server, client, there } = await pair();
    let served = 0;
    server.role("svc").onRequest("do", () => ++served);
    const svc = await client.destination("svc").whenReady();
    await svc.request("do");
    const lost = new TroupeError("DISCONNECTED", "cut");
    const asked = rejection(svc.request("do"));
    for (const connection of there.connections) connection.abort(lost);
    const error = await asked;
    expect(error).toEqual(isTroupeError("NOT_DELIVERED", "cut"));
    expect(error).toMatchObject({ cause: lost });
    expect(served).toBe(1);
  });

  it("is not known when it had left, whether it was executed or not", async () => {
    for (const arrives of [true, false]) {
      const server = await listening();
      const reached = signal();
      server.role("svc").onRequest("never", () => {
        reached.fire();
        return new Promise(() => {});
      });
      const proxy = await openProxy(server.port);
      const client = newPeer(UNRESUMED);
      await client.connect(proxy.address, { permanent: false });
      const svc = await client.destination("svc").whenReady();
      if (!arrives) proxy.last.stall("up");
      const asked = rejection(svc.request("never"));
      if (arrives) await reached.promise;
      // It leaves at the end of this turn.
      else await new Promise((later) => setImmediate(() => setImmediate(later)));
      proxy.last.cut();
      expect(await asked).toEqual(isTroupeError("OUTCOME_UNKNOWN"));
    }
  });

  it("is what this side did when it has closed the connection itself", async () => {
    const { server, client, there } = await pair();
    server.role("svc").onRequest("never", () => new Promise(() => {}));
    const svc = await client.destination("svc").whenReady();
    const asked = rejection(svc.request("never"));
    there.close();
    expect(await asked).toEqual(isTroupeError("CLOSED"));
  });
});

describe("a request is repeated by itself", () => {
  it("at another unit, when it had not left for the first one", async () => {
    const { client, servers, units } = await two();
    for (const [i, server] of servers.entries()) server.role("svc").onRequest("who", () => i);
    const svc = await client.destination("svc").whenReady();
    await expect.poll(() => svc.units.length).toBe(2);
    const asked = Array.from({ length: 20 }, () => svc.request<number>("who"));
    for (const connection of units[0].connections)
      connection.abort(new TroupeError("DISCONNECTED", "cut"));
    const answers = await Promise.all(asked);
    expect(answers.map(({ data }) => data)).toEqual(Array.from({ length: 20 }, () => 1));
  });

  it("at another unit, when the role is disabled meanwhile", async () => {
    const { client, servers } = await two();
    for (const [i, server] of servers.entries()) server.role("svc").onRequest("who", () => i);
    const svc = await client.destination("svc").whenReady();
    await expect.poll(() => svc.units.length).toBe(2);
    const asked = Array.from({ length: 20 }, () => svc.request<number>("who"));
    servers[0].role("svc").disable();
    const answers = await Promise.all(asked);
    expect(answers.map(({ data }) => data)).toEqual(Array.from({ length: 20 }, () => 1));
  });

  it("at another unit, when the first one leaves before its turn has come", async () => {
    const { client, servers } = await two();
    const reached = signal();
    servers[0].role("svc", { concurrency: 1 }).onRequest("who", () => {
      reached.fire();
      return new Promise(() => {});
    });
    servers[1].role("svc").onRequest("who", () => 1);
    const svc = await client.destination("svc").whenReady();
    await expect.poll(() => svc.units.length).toBe(2);
    const [unit] = svc.units.filter(({ id }) => id === servers[0].id);
    const busy = rejection(svc.request({ event: "who", unit }));
    await reached.promise;
    const others = Array.from({ length: 20 }, () => svc.request<number>("who"));
    const named = rejection(svc.request({ event: "who", unit, timeout: 5000 }));
    await expect.poll(() => servers[0].role("svc").load.queued).toBe(11);
    await servers[0].close({ timeout: 10 });
    expect(await busy).toEqual(isTroupeError("OUTCOME_UNKNOWN"));
    expect(await named).toEqual(isTroupeError("NOT_DELIVERED", "its peer leaves"));
    const answers = await Promise.all(others);
    expect(answers.map(({ data }) => data)).toEqual(Array.from({ length: 20 }, () => 1));
  });

  it("but not when a handler passes on a failure of a request of its own", async () => {
    const { server: inner, client: middle } = await pair();
    inner.role("inner").onRequest("do", () => "done");
    inner.role("inner").disable();
    await middle.listen({ port: 0, host: "127.0.0.1" });
    const [inside] = middle.units;
    let executed = 0;
    for (const code of ["NOT_DELIVERED", "OVERLOADED", "OUTCOME_UNKNOWN"] as const) {
      middle.role("svc").onRequest(code, () => {
        executed++;
        throw new TroupeError(code, "of the request within");
      });
    }
    middle.role("svc").onRequest("nested", () => {
      executed++;
      return middle.destination("inner").request({ event: "do", unit: inside });
    });
    const client = newPeer();
    await client.connect(addressOf(middle));
    const svc = await client.destination("svc").whenReady();
    const codes: unknown[] = [];
    for (const event of ["NOT_DELIVERED", "OVERLOADED", "OUTCOME_UNKNOWN", "nested"]) {
      codes.push(((await rejection(svc.request({ event, retry: 5 }))) as TroupeError).code);
    }
    expect(codes).toEqual(["REJECTED", "OVERLOADED", "REJECTED", "REJECTED"]);
    expect(executed).toBe(4);
  });
});

describe("a request with an idempotency key", () => {
  it("is executed once, though its connection is lost while it is", async () => {
    const server = await listening();
    const proxies = [await openProxy(server.port), await openProxy(server.port)];
    const client = newPeer(UNRESUMED);
    for (const { address } of proxies) await client.connect(address, { permanent: false });
    const reached = signal();
    const go = signal();
    let executed = 0;
    server.role("svc").onRequest("add", async (ctx) => {
      executed++;
      reached.fire();
      await go.promise;
      return [ctx.idempotencyKey, ctx.metadata, ctx.signal.aborted];
    });
    const svc = await client.destination("svc").whenReady();
    const [unit] = svc.units;
    const target: RequestOptions = {
      event: "add",
      idempotencyKey: "order 42",
      metadata: { trace: "t" },
    };
    const asked = svc.request(target, 1);
    await reached.promise;
    const busy = unit?.connections.findIndex(({ load }) => load > 0) ?? -1;
    const gone = unit?.connections[busy];
    proxies[busy]?.last.cut();
    await expect.poll(() => gone?.open).toBe(false);
    go.fire();
    expect((await asked).data).toEqual(["order 42", { trace: "t" }, false]);
    expect((await svc.request(target, 1)).data).toEqual(["order 42", { trace: "t" }, false]);
    expect(executed).toBe(1);
  });

  it("may be repeated by its caller after a timeout, and gets the answer of the first", async () => {
    const { server, client } = await pair();
    const go = signal();
    let executed = 0;
    server.role("svc").onRequest("add", async () => {
      executed++;
      await go.promise;
      return executed;
    });
    const svc = await client.destination("svc").whenReady();
    const target = { event: "add", idempotencyKey: "k" };
    const late = await rejection(svc.request({ ...target, timeout: 20 }, 1));
    expect(late).toEqual(isTroupeError("TIMEOUT"));
    const again = svc.request({ ...target, timeout: 5000 }, 1);
    go.fire();
    expect((await again).data).toBe(1);
  });

  it("is nobody else's: another peer with the same key has its own", async () => {
    const { server, client } = await pair();
    const other = newPeer();
    await other.connect(addressOf(server));
    server.role("svc").onRequest("secret", (ctx) => `of ${ctx.unit.id}`);
    for (const peer of [client, other, client, other]) {
      const svc = await peer.destination("svc").whenReady();
      const target = { event: "secret", idempotencyKey: "k" };
      expect((await svc.request(target)).data).toBe(`of ${peer.id}`);
    }
  });

  it("with other data is a mistake, which its caller is told", async () => {
    const { server, client } = await pair();
    server.role("svc").onRequest("add", (ctx) => ctx.data);
    const svc = await client.destination("svc").whenReady();
    const target = { event: "add", idempotencyKey: "k" };
    await svc.request(target, { amount: 1 });
    expect((await svc.request(target, { amount: 1 })).data).toEqual({ amount: 1 });
    expect(await rejection(svc.request(target, { amount: 2 }))).toEqual(
      isTroupeError("BAD_ARGUMENT", "used before with other data"),
    );
  });

  it("is executed once between units that share a store", async () => {
    const { client, servers } = await two({
      idempotency: { store: new MemoryIdempotencyStore() },
    });
    let executed = 0;
    for (const server of servers) server.role("svc").onRequest("add", () => ++executed);
    const svc = await client.destination("svc").whenReady();
    await expect.poll(() => svc.units.length).toBe(2);
    const target = { event: "add", idempotencyKey: "k" };
    const answers = await Promise.all(Array.from({ length: 10 }, () => svc.request(target)));
    expect(new Set(answers.map(({ unit }) => unit)).size).toBe(2);
    expect(answers.map(({ data }) => data)).toEqual(Array.from({ length: 10 }, () => 1));
  });

  it("goes through middleware once, and what that throws is remembered as well", async () => {
    const { server, client } = await pair();
    let passed = 0;
    server.onRequest(async (ctx) => {
      passed++;
      await ctx.next();
      if (ctx.event === "fail") throw new Error("no");
    });
    server.role("svc").onRequest("do", () => "done");
    server.role("svc").onRequest("fail", () => "done");
    const svc = await client.destination("svc").whenReady();
    for (let i = 0; i < 3; i++) {
      expect((await svc.request({ event: "do", idempotencyKey: "k" })).data).toBe("done");
      const failing = svc.request({ event: "fail", idempotencyKey: "k" });
      expect(await rejection(failing)).toEqual(isTroupeError("REJECTED", "no"));
    }
    expect(passed).toBe(2);
  });

  it.each(["", "x".repeat(257), 5, null])("cannot have the key %j", async (key) => {
    const { server, client } = await pair();
    server.role("svc").onRequest("do", () => "done");
    const svc = await client.destination("svc").whenReady();
    const idempotencyKey = key as string;
    expect(await rejection(svc.request({ event: "do", idempotencyKey }))).toEqual(
      isTroupeError("BAD_ARGUMENT", "1 to 256"),
    );
  });

  it("cannot be had by writing to the metadata", async () => {
    const { server, client } = await pair();
    server.role("svc").onRequest("do", () => "done");
    const svc = await client.destination("svc").whenReady();
    const metadata = { $idempotency: "k" };
    expect(await rejection(svc.request({ event: "do", metadata }))).toEqual(
      isTroupeError("BAD_ARGUMENT", "use the option idempotencyKey"),
    );
  });
});
