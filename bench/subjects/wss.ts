import { createServer } from "node:https";
import { bareSubject } from "./bare.ts";
import { selfSigned } from "./certificate.ts";
import type { Subject } from "./subject.ts";
import { layPlainPipe } from "./ws.ts";

/** Bare `ws` over TLS, one WebSocket message a payload: the usual way to get what Troupe always has, secrecy. */
export const subject: Subject = bareSubject({
  scheme: "wss",
  createServer: () => createServer(selfSigned()),
  lay: layPlainPipe,
});
