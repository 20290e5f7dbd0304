import { Peer } from "troupe";
import type { Caller, Hears, Listener, Server, Subject, Teller } from "./subject.ts";

/** Troupe as its users have it: peers, roles, promises, sessions; nothing switched off. */
export const subject: Subject = { serve, caller, teller, listener };

const SERVER = "server";
const LISTENER = "listener";

async function serve(hears: Hears): Promise<Server> {
  const peer = new Peer({ name: "server" });
  const role = peer.role(SERVER);
  role.onRequest("echo", (ctx) => ctx.data);
  role.onMessage("tell", (ctx) => {
    hears.told(bytes(ctx.data));
  });
  role.onMessage("acknowledge", () => {
    hears.acknowledged();
  });
  await peer.listen({ port: 0, host: "127.0.0.1" });
  const listeners = peer.destination(LISTENER);
  return {
    port: peer.port ?? 0,
    get listeners() {
      return [...listeners.units].length;
    },
    broadcast: (payload) => {
      listeners.broadcast("tick", payload);
    },
  };
}

async function caller(port: number): Promise<Caller> {
  const { server, close } = await reach(new Peer({ name: "caller" }), port);
  return {
    call: (payload, done) => {
      void server.request("echo", payload).then((ctx) => done(bytes(ctx.data)));
    },
    close,
  };
}

async function teller(port: number): Promise<Teller> {
  const { server, unit, close } = await reach(new Peer({ name: "teller" }), port);
  return {
    tell: (payload) => {
      server.send("tell", payload);
    },
    get backlog() {
      return unit.buffered;
    },
    drained: async () => {
      await unit.drained();
    },
    close,
  };
}

async function listener(port: number, delivered: (payload: Uint8Array) => void): Promise<Listener> {
  const peer = new Peer({ name: "listener" });
  peer.role(LISTENER).onMessage("tick", (ctx) => {
    delivered(bytes(ctx.data));
  });
  const { server, close } = await reach(peer, port);
  return {
    acknowledge: () => {
      server.send("acknowledge", null);
    },
    close,
  };
}

/** Connects and waits until the server's role is known. */
async function reach(peer: Peer, port: number): Promise<Reached> {
  const { unit } = await peer.connect(`ws://127.0.0.1:${port}`, { permanent: false });
  const server = peer.destination(SERVER);
  await server.whenReady();
  return { server, unit, close: () => peer.close({ timeout: 0 }) };
}

interface Reached {
  readonly server: ReturnType<Peer["destination"]>;
  readonly unit: Awaited<ReturnType<Peer["connect"]>>["unit"];
  close(): Promise<void>;
}

function bytes(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data;
  throw new TypeError(`expected bytes, got ${typeof data}`);
}
