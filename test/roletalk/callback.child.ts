/** A program whose callbacks throw: the errors are the process's to catch, and the calls go on. */
import { Peer } from "troupe";

const uncaught: string[] = [];
process.on("uncaughtException", (error) => uncaught.push(error.message));
process.on("unhandledRejection", () => uncaught.push("unhandled rejection"));
const thrower = (what: string, then: () => void) => (): never => {
  setImmediate(then);
  throw new Error(what);
};
const threw = (run: (callback: () => never) => unknown, what: string): Promise<void> =>
  new Promise((resolve) => void run(thrower(what, resolve)));

const server = new Peer();
server.role("svc").onRequest("ping", () => "pong");
await threw((callback) => server.listen({ port: 0, host: "127.0.0.1" }, callback), "listen");

const client = new Peer();
await threw((callback) => client.connect(`ws://127.0.0.1:${server.port}`, callback), "connect");
const svc = client.destination("svc");
await threw((callback) => svc.send("note", 1, callback), "send");
await threw((callback) => svc.request("ping", 1, callback), "request");
await threw((callback) => svc.request("unknown", 1, callback), "failed request");
await threw((callback) => svc.survey("ping", 1, callback), "survey");
await threw((callback) => client.destination("nobody").request("ping", 1, callback), "nobody");
const { data } = await svc.request("ping");
const { load } = svc.units[0] ?? { load: undefined };
await threw((callback) => client.close(callback), "close");
await server.close();
process.send?.({ data, load, uncaught });
process.disconnect?.();
