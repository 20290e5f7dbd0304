/** Serves the role `worker` and tells its address. Its heartbeats are far apart: it may be stopped for a while. */
import { Peer } from "troupe";

const peer = new Peer({ name: "child" });
peer.role("worker").onRequest("work", () => "child");
await peer.listen({ port: 0, host: "127.0.0.1" });
process.send?.(`ws://127.0.0.1:${peer.port}`);
