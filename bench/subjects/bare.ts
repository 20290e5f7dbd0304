import { once } from "node:events";
import type { Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { CHUNK } from "../load/chunk.ts";
import { laySink } from "./bare-sink.ts";
import type { Caller, Flow, Hears, Listener, Server, Subject, Teller } from "./subject.ts";

/** Messages over one WebSocket, in order. */
export interface Pipe {
  send(payload: Uint8Array): void;
  readonly backlog: number;
  drained(): Promise<void>;
}

/** Puts a pipe on a socket. */
type Lay = (socket: WebSocket, received: (payload: Uint8Array) => void) => Pipe;

/** What tells the bare subjects apart. */
export interface BareOptions {
  readonly scheme: "ws" | "wss";
  /** Not yet listening. */
  createServer(): HttpServer;
  readonly lay: Lay;
}

/** The path of an upgrade says what the connection is for, so that payloads need no type of their own. */
const PATHS = {
  call: "/call",
  tell: "/tell",
  listen: "/listen",
  read: "/read",
  write: "/write",
} as const;

/** Calls in flight at most; a power of two. */
const RING = 1024;

/**
 * Bare `ws`, no library on top: the least a program can do. Answers belong to calls by their order.
 */
export function bareSubject({ scheme, createServer, lay }: BareOptions): Subject {
  const dial = async (port: number, path: string): Promise<WebSocket> => {
    const socket = new WebSocket(`${scheme}://127.0.0.1:${port}${path}`, {
      perMessageDeflate: false,
      // Who the server is does not matter here, only what TLS costs.
      rejectUnauthorized: false,
    });
    await once(socket, "open");
    return socket;
  };
  return {
    serve: (hears) => serve(createServer(), lay, hears),
    caller: async (port) => caller(await dial(port, PATHS.call), lay),
    teller: async (port) => teller(await dial(port, PATHS.tell), lay),
    listener: async (port, delivered) => listener(await dial(port, PATHS.listen), lay, delivered),
    reader: async (port, flow) => reader(await dial(port, PATHS.read), flow),
    writer: async (port) => {
      const socket = await dial(port, PATHS.write);
      return { ...laySink(socket), close: () => close(socket) };
    },
  };
}

async function serve(http: HttpServer, lay: Lay, hears: Hears): Promise<Server> {
  const listeners = new Set<Pipe>();
  const accept: Record<string, (socket: WebSocket) => void> = {
    [PATHS.call]: (socket) => {
      const pipe = lay(socket, (payload) => pipe.send(payload));
    },
    [PATHS.tell]: (socket) => {
      lay(socket, hears.told);
    },
    [PATHS.listen]: (socket) => {
      const pipe = lay(socket, hears.acknowledged);
      listeners.add(pipe);
      socket.once("close", () => listeners.delete(pipe));
    },
    [PATHS.read]: (socket) => {
      socket.on("message", (payload: Buffer) => socket.send(payload));
      hears.reads(laySink(socket));
    },
    [PATHS.write]: (socket) => {
      const flow = hears.writes();
      socket.on("message", (chunk: Buffer) => pass(chunk, flow));
    },
  };
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  server.on("connection", (socket, request) => accept[request.url ?? ""]?.(socket));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return {
    port: (http.address() as AddressInfo).port,
    get listeners() {
      return listeners.size;
    },
    broadcast: (payload) => {
      for (const pipe of listeners) pipe.send(payload);
    },
    close: async () => {
      http.close();
      await once(http, "close");
    },
  };
}

function caller(socket: WebSocket, lay: (...on: Parameters<Lay>) => Pick<Pipe, "send">): Caller {
  const waiting = new Array<((answer: Uint8Array) => void) | undefined>(RING).fill(undefined);
  let asked = 0;
  let answered = 0;
  const pipe = lay(socket, (payload) => waiting[answered++ & (RING - 1)]?.(payload));
  return {
    call: (payload, done) => {
      waiting[asked++ & (RING - 1)] = done;
      pipe.send(payload);
    },
    close: () => close(socket),
  };
}

/** Chunks of the stream are told from answers by their size: nothing is put before them and copied. */
function reader(socket: WebSocket, flow: Flow): Caller {
  return caller(socket, (_, answered) => {
    socket.on("message", (message: Buffer) => {
      if (message.length === CHUNK || message.length === 0) pass(message, flow);
      else answered(message);
    });
    return { send: (payload) => socket.send(payload) };
  });
}

/** An empty message ends a stream. */
function pass(chunk: Buffer, flow: Flow): void {
  if (chunk.length === 0) flow.end();
  else flow.piece(chunk);
}

function teller(socket: WebSocket, lay: Lay): Teller {
  const pipe = lay(socket, () => {});
  return {
    tell: (payload) => pipe.send(payload),
    get backlog() {
      return pipe.backlog;
    },
    drained: () => pipe.drained(),
    close: () => close(socket),
  };
}

function listener(socket: WebSocket, lay: Lay, delivered: (payload: Uint8Array) => void): Listener {
  const pipe = lay(socket, delivered);
  const acknowledgement = Buffer.alloc(1);
  return {
    acknowledge: () => pipe.send(acknowledgement),
    close: () => close(socket),
  };
}

async function close(socket: WebSocket): Promise<void> {
  const closed = once(socket, "close");
  socket.close();
  await closed;
}
