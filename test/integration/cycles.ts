import { createHook } from "node:async_hooks";
import { Peer, TroupeError } from "troupe";
import { Log } from "../support/mesh.ts";
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
  return repeat(server, stays, rounds, (i) => round(server, stays, address, i));
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

/** One connection, which ends in one of five ways. */
async function round(server: Peer, stays: Peer, address: string, i: number): Promise<void> {
  const way = i % 5;
  const client = way === 0 ? stays : new Peer({ logger: new Log() });
  const abort = new AbortController();
  const options = { permanent: way !== 0, signal: abort.signal };
  const { unit } = await client.connect(address, options);
  const svc = await client.destination("svc").whenReady();
  await svc.request({ event: "ping", timeout: 1000, signal: abort.signal });
  const gone = new Promise<void>((resolve) => unit.once("close", () => resolve()));
  if (way === 0) unit.close();
  else if (way === 1) await client.close();
  else if (way === 2) await client.close({ timeout: 0 });
  else if (way === 3) {
    abort.abort();
    for (const each of server.units) if (each.id === client.id) each.close();
    await gone;
    await client.close();
  } else {
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
