/** Peers whose listeners throw: the errors are the process's to catch, and the peers go on. */
import { Peer } from "troupe";

const uncaught: string[] = [];
process.on("uncaughtException", (error) => uncaught.push(error.message));
const fail = (what: string) => (): never => {
  throw new Error(what);
};

const server = new Peer();
server.on("unit", fail("unit"));
server.on("unit", (unit) => unit.on("close", fail("close")));
server.role("svc").onRequest("ping", () => "pong");
await server.listen({ port: 0, host: "127.0.0.1" });

const client = new Peer();
const svc = client.destination("svc");
svc.on("open", fail("open"));
await client.connect(`ws://127.0.0.1:${server.port}`);
const { data } = await svc.request("ping");
await client.close();
while (server.units.length > 0) await new Promise((later) => setImmediate(later));
await server.close();
process.send?.({ data, uncaught });
process.disconnect?.();
