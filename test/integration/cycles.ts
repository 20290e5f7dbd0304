import { createHook } from "node:async_hooks";
import { Peer, TroupeError } from "troupe";
import { Log } from "../support/mesh.ts";
import { openProxy, type TcpProxy } from "../support/proxy.ts";
import { liveBytes } from "./memory.ts";

/** What a peer may leave behind: timers, sockets and servers, also those that keep no process alive. */
const WATCHED: ReadonlySet<string> = new Set([
  "Timeout",
  "TCPWRAP",
  "TCPSERVERWRAP",
  "TLSWRAP",
  "MESSAGEPORT",
]);

/** What is left of `rounds` connections. */
export interface Leftovers {
  /** Handles that were opened meanwhile and are still there, by their names. */
  readonly handles: readonly string[];
  /** Bytes by which the second half of the rounds has let the heap grow, per round. */
  readonly bytesPerRound: number;
  /** Units of the peer that stayed all the time, and their listeners. */
  readonly units: number;
}

/** Connects to a peer that stays and leaves it again, in all the ways there are. */
export async function cycle(rounds: number): Promise<Leftovers> {
  const [server, stays] = [new Peer({ logger: new Log() }), new Peer({ logger: new Log() })];
  server.role("svc").onRequest("ping", () => "pong");
  await server.listen({ port: 0, host: "127.0.0.1" });
  const address = `ws://127.0.0.1:${server.port}`;
  const proxy = await openProxy(server.port);
  const place = { server, stays, address, proxy };
  const leftovers = await repeat(server, stays, rounds, (i) => round(place, i));
  proxy.close();
  return leftovers;
}

/** Is refused by a peer, for one reason after the other. */
export async function refusals(rounds: number): Promise<Leftovers> {
  const [server, stays] = [new Peer({ logger: new Log() }), new Peer({ logger: new Log() })];
  server.addPresharedKey("team", "the key");
  stays.addPresharedKey("team", "a guess");
  await server.listen({ port: 0, host: "127.0.0.1" });
  const address = `ws://127.0.0.1:${server.port}`;
  const pinned = `${address}#${stays.id}`;
  return repeat(server, stays, rounds, async (i) => {
    const client = i % 2 === 0 ? stays : new Peer({ logger: new Log() });
    const connecting = client.connect(i % 3 === 0 ? pinned : address, { permanent: false });
    await connecting.then(
      () => Promise.reject(new Error("was let in")),
      () => {},
    );
    if (client !== stays) await client.close();
  });
}

/** Runs a round again and again between two peers that stay, and counts what is left. */
async function repeat(
  server: Peer,
  stays: Peer,
  rounds: number,
  each: (i: number) => Promise<void>,
): Promise<Leftovers> {
  const alive = new Map<number, string>();
  const hook = createHook({
    init: (id, type) => {
      if (WATCHED.has(type)) alive.set(id, type);
    },
    destroy: (id) => void alive.delete(id),
  });
  await each(0);
  await settled(server);
  hook.enable();

  const half = Math.floor(rounds / 2);
  for (let i = 0; i < half; i++) await each(i);
  await settled(server);
  const middle = await liveBytes();
  for (let i = half; i < rounds; i++) await each(i);
  await settled(server);
  const bytesPerRound = ((await liveBytes()) - middle) / (rounds - half);
  const units = server.units.length + stays.units.length;
  await stays.close();
  await server.close();
  for (let i = 0; i < 10; i++) await new Promise((later) => setImmediate(later));
  hook.disable();
  return { handles: [...alive.values()], bytesPerRound, units };
}

/** Where connections come and go. */
interface Place {
  readonly server: Peer;
  readonly stays: Peer;
  readonly address: string;
  /** In front of the server, too. */
  readonly proxy: TcpProxy;
}

/** What happens to a connection, by the number of its round. */
const ENDS = [
  "its unit is closed",
  "its peer is closed",
  "its peer is closed at once",
  "its listener closes it",
  "it is cut",
  "it is cut, and nobody comes back in time",
  "it is cut, and closed when it has gone on",
] as const;

/** Milliseconds of grace where nobody comes back. */
const GRACE = 20;

/** One connection, which ends in one of the ways there are. */
async function round({ server, stays, address, proxy }: Place, i: number): Promise<void> {
  const end = ENDS[i % ENDS.length];
  const resumes = end === "it is cut, and closed when it has gone on";
  const staying = resumes || end === "its unit is closed";
  const timeouts = { resume: end === "it is cut" ? 0 : GRACE };
  const client = staying ? stays : new Peer({ logger: new Log(), timeouts });
  const abort = new AbortController();
  const options = { permanent: !staying, signal: abort.signal };
  const { unit } = await client.connect(resumes ? proxy.address : address, options);
  const svc = await client.destination("svc").whenReady();
  await svc.request({ event: "ping", timeout: 1000, signal: abort.signal });
  const gone = new Promise<void>((resolve) => unit.once("close", () => resolve()));
  switch (end) {
    case "its unit is closed":
      unit.close();
      break;
    case "its peer is closed":
      await client.close();
      break;
    case "its peer is closed at once":
      await client.close({ timeout: 0 });
      break;
    case "its listener closes it":
      abort.abort();
      for (const each of server.units) if (each.id === client.id) each.close();
      await gone;
      await client.close();
      break;
    case "it is cut, and closed when it has gone on": {
      const resumed = new Promise<void>((resolve) => unit.once("resume", () => resolve()));
      proxy.cutAll();
      await svc.request({ event: "ping", timeout: 1000, signal: abort.signal });
      await resumed;
      unit.close();
      break;
    }
    default:
      for (const connection of unit.connections)
        connection.abort(new TroupeError("DISCONNECTED", "cut"));
      await client.close();
  }
  await gone;
}

/** The server has heard that everybody is gone. */
async function settled(server: Peer): Promise<void> {
  while (server.units.length > 0) await new Promise((later) => setImmediate(later));
}
