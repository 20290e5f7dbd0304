import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import { badArgument, messageOf } from "../errors.ts";
import { bind, portOf } from "./binding.node.ts";
import type { Entrance } from "./entrance.node.ts";
import { handUpgrade } from "./hand-upgrade.node.ts";
import type { Listener, ListenLimits } from "./listening.ts";
import { WaitingRoom } from "./waiting-room.node.ts";

/** Where a server of our own listens. */
export interface Place {
  readonly port: number;
  readonly host?: string | undefined;
  /** Options of node:tls, to listen on TLS. */
  readonly ssl?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Listens on an HTTP server that knows nothing but the upgrade: a stranger may send `handshakeBytes`
 * within `handshakeTime`, whatever these bytes are.
 */
export async function openOwnServer(
  place: Place,
  entrance: Entrance,
  limits: ListenLimits,
): Promise<Listener> {
  const tls = place.ssl !== undefined;
  const room = new WaitingRoom(limits.handshakeTime, limits.handshakeBytes, tls);
  const server = createOwnServer(place.ssl, limits);
  server.on("connection", (socket: Socket) => {
    room.enter(socket);
    if (!tls) room.watch(socket);
  });
  server.on("secureConnection", (socket: Socket) => room.watch(socket));
  server.on("upgrade", (request, socket: Socket, head) => {
    const leaving = room.leave(socket);
    if (leaving === undefined) socket.destroy();
    else entrance.enter(request, socket, head, leaving.allowance, leaving.timeLeft);
  });
  await bind(server, place.port, place.host);
  // A connection that could not be accepted (no descriptors left) costs nothing but itself.
  server.on("error", () => {});
  const port = portOf(server);
  return {
    port,
    scheme: tls ? "wss" : "ws",
    handleUpgrade: handUpgrade(entrance, limits),
    close: () => {
      entrance.close();
      // The port is free at once; the callback of close() would wait for the upgraded, too.
      server.close();
      room.clear();
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** One timer and one count cover everything up to the upgrade, so Node's own timeouts are off. */
function createOwnServer(ssl: Place["ssl"], limits: ListenLimits): Server {
  const http = { maxHeaderSize: limits.handshakeBytes, headersTimeout: 0, requestTimeout: 0 };
  if (ssl === undefined) return createServer(http, sendUpgradeRequired);
  try {
    return createTlsServer({ ...ssl, ...http }, sendUpgradeRequired);
  } catch (thrown) {
    throw badArgument(`these ssl options cannot be used: ${messageOf(thrown)}`, { cause: thrown });
  }
}

const sendUpgradeRequired: RequestListener = (_request, response) => {
  response.writeHead(426, {
    "Content-Type": "text/plain; charset=utf-8",
    Connection: "close, Upgrade",
    Upgrade: "websocket",
  });
  response.end("This is a Troupe peer: connect to it by WebSocket.\n");
};
