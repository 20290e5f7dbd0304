import { setTimeout as delay } from "node:timers/promises";
import { type BenchName, type Pace, SHAPES, type Shape } from "./benches.ts";
import type { Pair } from "./pair.ts";
import type { Latency, Mark, Memory, WorkAsk } from "./talk.ts";

/** Values by the suffix of their name; see `FACTS`. */
export type Facts = Readonly<Record<string, number>>;

/** Connections opened and closed before idle memory is measured: what only the first ones allocate. */
const FIRST_ONES = 32;
/** Calls in flight while a new pair of processes warms up. */
const BUSY = 64;
/** Calls in flight that keep a server busy and do not wait for each other for long. */
const FEW = 16;
/** Bytes. */
const MB = 1e6;
/** Of a round, what goes to the figure that the other one is divided by: the steadier of the two. */
const BASE_SHARE = 1 / 3;

/** Lets a new pair's code be compiled, so that the first bench is not the one that pays for it. */
export async function warmUp({ client, port }: Pair, pace: Pace): Promise<void> {
  await client.ask("echo", { port, bytes: 100, inFlight: BUSY });
  await delay(pace.warmUp);
  await client.ask("stop", null);
}

/** One measurement of one subject. Leaves the pair as it found it. */
export function measure(pair: Pair, bench: BenchName, pace: Pace): Promise<Facts> {
  const shape = SHAPES[bench];
  switch (shape.kind) {
    case "echo":
      return measureEcho(pair, shape, pace);
    case "oneway":
      return measureOneway(pair, shape, pace);
    case "broadcast":
      return measureBroadcast(pair, shape, pace);
    case "stream":
      return measureStream(pair, shape, pace);
    case "small-streams":
      return measureSmallStreams(pair, shape, pace);
    case "resumable":
      return measureResumable(pair, shape, pace);
    case "beside-stream":
      return measureBesideStream(pair, shape, pace);
    case "overload":
      return measureOverload(pair, shape, pace);
    case "idle":
      return measureIdle(pair, pace);
  }
}

async function measureEcho(
  { client, server, port }: Pair,
  { bytes, inFlight }: Extract<Shape, { kind: "echo" }>,
  pace: Pace,
): Promise<Facts> {
  await client.ask("echo", { port, bytes, inFlight });
  const readings = await watch({ client, server }, pace);
  const latency: Latency | null = await client.ask("stop", null);
  return {
    "": perSecond(readings.client),
    "-p50": latency?.p50 ?? Number.NaN,
    "-p99": latency?.p99 ?? Number.NaN,
    "-cpu": cpuEach(readings, readings.client),
  };
}

async function measureOneway(
  { client, server, port }: Pair,
  { bytes }: Extract<Shape, { kind: "oneway" }>,
  pace: Pace,
): Promise<Facts> {
  await client.ask("oneway", { port, bytes });
  const readings = await watch({ client, server }, pace);
  await client.ask("stop", null);
  return { "": perSecond(readings.server), "-cpu": cpuEach(readings, readings.server) };
}

async function measureBroadcast(
  { client, server, port }: Pair,
  { bytes, connections, window }: Extract<Shape, { kind: "broadcast" }>,
  pace: Pace,
): Promise<Facts> {
  await client.ask("listen", { port, connections });
  await server.ask("reached", { listeners: connections });
  await server.ask("broadcast", { bytes, window });
  const readings = await watch({ client, server }, pace);
  await server.ask("stop", null);
  await client.ask("stop", null);
  await server.ask("reached", { listeners: 0 });
  return { "": perSecond(readings.client), "-cpu": cpuEach(readings, readings.client) };
}

async function measureStream(
  { client, server, port }: Pair,
  { direction }: Extract<Shape, { kind: "stream" }>,
  pace: Pace,
): Promise<Facts> {
  const down = direction === "down";
  const [first, second] = down ? [server, client] : [client, server];
  await client.ask(down ? "download" : "upload", { port });
  const readings = await watch({ client, server }, pace);
  await first.ask("stop", null);
  await second.ask("stop", null);
  const arrived = down ? readings.client : readings.server;
  return { "": perSecond(arrived) / MB, "-cpu": cpuEach(readings, arrived) * MB };
}

/** Calls, and then streams that carry the same. */
async function measureSmallStreams(
  { client, server, port }: Pair,
  { bytes, atOnce }: Extract<Shape, { kind: "small-streams" }>,
  pace: Pace,
): Promise<Facts> {
  const run = async (what: "echo" | "exchange", share: number): Promise<Readings> => {
    await client.ask(what, { port, bytes, inFlight: atOnce });
    const readings = await watch({ client, server }, part(pace, share));
    await client.ask("stop", null);
    return readings;
  };
  const echo = await run("echo", BASE_SHARE);
  const streams = await run("exchange", 1 - BASE_SHARE);
  return {
    "": perSecond(streams.client),
    "-cpu": cpuEach(streams, streams.client),
    "-echo": perSecond(echo.client),
    "-echo-cpu": cpuEach(echo, echo.client),
  };
}

/** The same calls on a connection that holds nothing to send again, and on one that does. */
async function measureResumable(
  { client, server, port }: Pair,
  { bytes, inFlight }: Extract<Shape, { kind: "resumable" }>,
  pace: Pace,
): Promise<Facts> {
  const run = async (what: "echo" | "fleeting"): Promise<Readings> => {
    await client.ask(what, { port, bytes, inFlight });
    const readings = await watch({ client, server }, part(pace, 1 / 2));
    await client.ask("stop", null);
    return readings;
  };
  const fleeting = await run("fleeting");
  const echo = await run("echo");
  return {
    "": perSecond(echo.client),
    "-cpu": cpuEach(echo, echo.client),
    "-fleeting": perSecond(fleeting.client),
    "-fleeting-cpu": cpuEach(fleeting, fleeting.client),
  };
}

/** The same calls twice: first with the connection to themselves, then beside a stream. */
async function measureBesideStream(
  { client, server, port }: Pair,
  { bytes }: Extract<Shape, { kind: "beside-stream" }>,
  pace: Pace,
): Promise<Facts> {
  await client.ask("echo", { port, bytes, inFlight: 1 });
  await watch({ client, server }, part(pace, BASE_SHARE));
  const idle: Latency | null = await client.ask("stop", null);
  await client.ask("beside", { port, bytes });
  const readings = await watch({ client, server }, part(pace, 1 - BASE_SHARE));
  await server.ask("stop", null);
  const beside: Latency | null = await client.ask("stop", null);
  return {
    "-p50": beside?.p50 ?? Number.NaN,
    "-p99": beside?.p99 ?? Number.NaN,
    "-idle-p50": idle?.p50 ?? Number.NaN,
    "-idle-p99": idle?.p99 ?? Number.NaN,
    "-stream": perSecond(readings.server) / MB,
  };
}

/** What the server can do, then as much as that is asked, and then `times` as much. */
async function measureOverload(
  { client, server, port }: Pair,
  { work, deadline, times }: Extract<Shape, { kind: "overload" }>,
  pace: Pace,
): Promise<Facts> {
  const run = async (offered: WorkAsk["offered"], share: number): Promise<Useful> => {
    await client.ask("work", { port, work, deadline, offered });
    const readings = await watch({ client, server }, part(pace, share));
    const latency = await client.ask("stop", null);
    return { rate: perSecond(readings.client), p99: latency?.p99 ?? Number.NaN };
  };
  const peak = await run({ inFlight: FEW }, 1 / 4);
  const once = await run({ perSecond: peak.rate }, 1 / 4);
  const overload = await run({ perSecond: times * peak.rate }, 1 / 2);
  return {
    "": overload.rate,
    "-once": once.rate,
    "-p99": overload.p99,
    "-peak": peak.rate,
    "-peak-p99": peak.p99,
  };
}

/** Answers in time: how many a second, and how long they took in milliseconds. */
interface Useful {
  readonly rate: number;
  readonly p99: number;
}

/** For one of several measurements that make a round together. */
function part(pace: Pace, share: number): Pace {
  return { ...pace, runIn: pace.runIn * share, measured: pace.measured * share };
}

async function measureIdle(
  { client, server, port }: Pair,
  { idleConnections, settle }: Pace,
): Promise<Facts> {
  const open = async (count: number): Promise<void> => {
    await client.ask("listen", { port, connections: count });
    await server.ask("reached", { listeners: count });
    await delay(settle);
  };
  const close = async (): Promise<void> => {
    await client.ask("stop", null);
    await server.ask("reached", { listeners: 0 });
  };
  await open(FIRST_ONES);
  await close();
  const before: Memory = await server.ask("memory", null);
  await open(idleConnections);
  const after: Memory = await server.ask("memory", null);
  await close();
  return {
    "": (after.held - before.held) / idleConnections,
    "-rss": (after.rss - before.rss) / idleConnections,
  };
}

/** Two readings of each process: at the end of the warm-up and at the end. */
interface Readings {
  readonly client: readonly [Mark, Mark];
  readonly server: readonly [Mark, Mark];
}

async function watch({ client, server }: Pick<Pair, "client" | "server">, pace: Pace) {
  const read = (): Promise<[Mark, Mark]> =>
    Promise.all([client.ask("mark", null), server.ask("mark", null)]);
  await delay(pace.runIn);
  const [clientBefore, serverBefore] = await read();
  await delay(pace.measured);
  const [clientAfter, serverAfter] = await read();
  return {
    client: [clientBefore, clientAfter],
    server: [serverBefore, serverAfter],
  } satisfies Readings;
}

function perSecond([before, after]: readonly [Mark, Mark]): number {
  return ((after.count - before.count) * 1000) / (after.at - before.at);
}

/** Microseconds of both processes for each of what `counter` has counted. */
function cpuEach({ client, server }: Readings, counter: readonly [Mark, Mark]): number {
  const cpu = client[1].cpu - client[0].cpu + server[1].cpu - server[0].cpu;
  return cpu / (counter[1].count - counter[0].count);
}
