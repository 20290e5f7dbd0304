import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { type Destination, Peer, type Unit } from "troupe";
import type {
  Caller,
  Flow,
  Hears,
  Listener,
  Server,
  Sink,
  Subject,
  Teller,
  Worker,
  Writer,
} from "./subject.ts";

/** Troupe as its users have it: peers, roles, promises, sessions; nothing switched off. */
export const subject: Subject = {
  ...{ serve, caller, fleeting, teller, listener, reader, writer, exchanger, worker },
};

const SERVER = "server";
const LISTENER = "listener";
const EMPTY = new Uint8Array();

async function serve(hears: Hears): Promise<Server> {
  const peer = new Peer({ name: "server" });
  const role = peer.role(SERVER);
  role.onRequest("echo", (ctx) => ctx.data);
  role.onRequest("work", (ctx) => work(Number(ctx.data)));
  role.onMessage("tell", (ctx) => {
    hears.told(bytes(ctx.data));
  });
  role.onMessage("acknowledge", () => {
    hears.acknowledged();
  });
  role.onWritable("down", (ctx) => hears.reads(sinkOf(ctx.writable)));
  role.onReadable("up", (ctx) => drink(ctx.readable, hears.writes()));
  role.onDuplex("both", ({ duplex }) => {
    duplex.once("data", (payload: Uint8Array) => duplex.end(payload));
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
    close: () => peer.close({ timeout: 0 }),
  };
}

async function caller(port: number): Promise<Caller> {
  return callerOn(await reach(new Peer({ name: "caller" }), port));
}

async function fleeting(port: number): Promise<Caller> {
  return callerOn(await reach(new Peer({ name: "fleeting", timeouts: { resume: 0 } }), port));
}

function callerOn({ server, close }: Reached): Caller {
  return {
    call: (payload, done) => {
      void server.request("echo", payload).then((ctx) => done(bytes(ctx.data)));
    },
    close,
  };
}

async function reader(port: number, flow: Flow): Promise<Caller> {
  const reached = await reach(new Peer({ name: "reader" }), port);
  drink(reached.server.readable("down"), flow);
  return callerOn(reached);
}

async function writer(port: number): Promise<Writer> {
  const { server, close } = await reach(new Peer({ name: "writer" }), port);
  return { ...sinkOf(server.writable("up")), close };
}

async function exchanger(port: number): Promise<Caller> {
  const { server, close } = await reach(new Peer({ name: "exchanger" }), port);
  return {
    call: (payload, done) => {
      const stream = server.duplex("both");
      let answer: Uint8Array = EMPTY;
      stream.on("data", (piece: Uint8Array) => {
        answer = answer.length === 0 ? piece : Buffer.concat([answer, piece]);
      });
      stream.once("close", () => done(answer));
      stream.end(payload);
    },
    close,
  };
}

async function worker(port: number): Promise<Worker> {
  const { server, close } = await reach(new Peer({ name: "worker" }), port);
  return {
    ask: (work, deadline, done) => {
      // What is refused is not asked again: the load is to be what was offered.
      server.request({ event: "work", timeout: deadline, retry: 0 }, work).then(
        () => done(true),
        () => done(false),
      );
    },
    close,
  };
}

/** Keeps the process busy. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

function sinkOf(writable: Writable): Sink {
  return {
    write: (chunk) => writable.write(chunk),
    drained: async () => {
      await once(writable, "drain");
    },
    end: () => {
      writable.end();
      return finished(writable);
    },
  };
}

/** An error of the stream has no listener, and so ends the process. */
function drink(readable: Readable, flow: Flow): void {
  readable.on("data", (piece: Uint8Array) => flow.piece(piece));
  readable.once("end", () => flow.end());
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
  readonly server: Destination;
  readonly unit: Unit;
  close(): Promise<void>;
}

function bytes(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data;
  throw new TypeError(`expected bytes, got ${typeof data}`);
}
