import { createHash, randomFillSync } from "node:crypto";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { type Destination, Peer } from "troupe";
import { Log } from "../support/mesh.ts";
import { type Link, openProxy, randomFrom, type Tamper } from "../support/proxy.ts";

/** What became of all that was on its way while channels were cut. */
export interface Outcome {
  cuts: number;
  /** How many of each have come through. */
  requests: number;
  messages: number;
  streams: number;
  /** Whatever is not as it should be, in words. */
  readonly faults: string[];
}

/** Requests in flight in each direction. */
const CALLERS = 4;
const BULK = randomFillSync(Buffer.alloc(30_000));
/** A cut comes after some bytes below one of these: the first are less than a handshake takes. */
const CUTS = [1000, 100_000, 200_000, 400_000, 800_000] as const;

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const WHOLE = digest(BULK);

/**
 * Two peers under mixed load, requests, messages and streams in both directions, with somebody between
 * them who cuts their channel at random bytes, so many times.
 */
export async function cutUnderLoad(cuts: number, seed: number): Promise<Outcome> {
  const outcome: Outcome = { cuts: 0, requests: 0, messages: 0, streams: 0, faults: [] };
  const listener = serve("listener", outcome);
  const dialer = serve("dialer", outcome);
  await listener.listen({ port: 0, host: "127.0.0.1" });
  const cut = scissors(outcome, cuts, randomFrom(seed));
  let armed = false;
  const proxy = await openProxy(listener.port, (...all) => (armed ? cut(...all) : all[0]));
  const { unit } = await dialer.connect(proxy.address, { permanent: false });
  const there = await dialer.destination("listener").whenReady();
  const back = await listener.destination("dialer").whenReady();
  armed = true;
  const busy = (): boolean => outcome.cuts < cuts && outcome.faults.length === 0;
  await Promise.all([there, back].flatMap((destination) => load(destination, outcome, busy)));
  if (unit.closed) outcome.faults.push("the connection did not last");
  await dialer.close();
  await listener.close();
  return outcome;
}

/** Serves all kinds of calls, and writes down what is wrong with them. */
function serve(name: string, outcome: Outcome): Peer {
  const peer = new Peer({ name, logger: new Log() });
  const executed = new Set<number>();
  let heard = 0;
  peer
    .role(name)
    .onRequest<number>("double", async ({ data }) => {
      if (executed.has(data)) outcome.faults.push(`request ${data} was executed twice`);
      executed.add(data);
      if (data % 3 === 0) await new Promise(setImmediate);
      return 2 * data;
    })
    .onMessage<number>("next", ({ data }) => {
      if (data !== heard) outcome.faults.push(`message ${data} came instead of ${heard}`);
      heard = data + 1;
      outcome.messages++;
    })
    .onWritable("get", ({ writable }) => void writable.end(BULK))
    .onDuplex("echo", async ({ duplex }) => {
      for await (const chunk of duplex) if (!duplex.write(chunk)) await once(duplex, "drain");
      duplex.end();
    });
  return peer;
}

/** Calls that follow one another as long as there is something to cut. */
function load(destination: Destination, outcome: Outcome, busy: () => boolean): Promise<void>[] {
  const { faults } = outcome;
  let [asked, sent] = [0, 0];
  const request = async (): Promise<void> => {
    const number = asked++;
    const target = { event: "double", timeout: 60_000 };
    const { data } = await destination.request<number>(target, number);
    if (data !== 2 * number) faults.push(`request ${number} was answered by ${data}`);
    outcome.requests++;
    if (number % 5 === 0) destination.send("next", sent++);
  };
  const stream = async (bytes: Promise<Buffer>): Promise<void> => {
    const got = await bytes;
    if (digest(got) !== WHOLE) faults.push(`a stream of ${got.length} other bytes`);
    outcome.streams++;
  };
  const again = async (what: () => Promise<void>): Promise<void> => {
    try {
      while (busy()) await what();
    } catch (error) {
      faults.push(String(error));
    }
  };
  return [
    ...Array.from({ length: CALLERS }, () => again(request)),
    again(() => stream(buffer(destination.readable("get")))),
    again(() => stream(buffer(destination.duplex("echo").end(BULK)))),
  ];
}

/** Lets each connection carry a random number of bytes, the last of them in the middle of something. */
function scissors(outcome: Outcome, cuts: number, random: () => number): Tamper {
  const left = new Map<Link, number>();
  return (chunk, _direction, _at, link) => {
    const most = CUTS[Math.floor(random() * CUTS.length)] ?? 0;
    const bytes = left.get(link) ?? Math.floor(random() * most);
    if (bytes < 0) return undefined;
    if (outcome.cuts >= cuts) return chunk;
    left.set(link, bytes - chunk.length);
    if (bytes >= chunk.length) return chunk;
    outcome.cuts++;
    setImmediate(() => {
      left.delete(link);
      link.cut();
    });
    return chunk.subarray(0, bytes);
  };
}
