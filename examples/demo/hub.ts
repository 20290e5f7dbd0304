/** Listens, sees who comes and which roles they play, and calls them all the time. */
import { type Destination, Peer } from "troupe";
import { BURST, type HubPart } from "./facts.ts";
import { takePart, tell } from "./part.ts";
import { Tally } from "./tally.ts";

/** Milliseconds between two rounds of calls; each round is a few calls at once. */
const ROUND = 20;
const GREETINGS = 20;
/** Milliseconds between two reports. */
const REPORT = 1000;
/** Calls in flight, and milliseconds, when it goes as fast as it can. */
const IN_FLIGHT = 256;
const BURST_TIME = 1000;

takePart<HubPart>(async ({ name, seed, port }) => {
  // Whoever is lost here was killed: nobody comes back by another channel.
  const timeouts = { resume: 500 };
  const peer = new Peer({ name, identity: Buffer.from(seed, "hex"), timeouts });
  peer.on("unit", (unit) => {
    tell({ fact: "met", name: unit.name, key: unit.id });
    unit.once("close", () => tell({ fact: "parted", name: unit.name, key: unit.id }));
  });
  await peer.listen({ port, host: "127.0.0.1" });
  tell({ fact: "ready", key: peer.id, address: `ws://127.0.0.1:${peer.port}#${peer.id}` });

  const greeter = peer.destination("greeter");
  const clock = peer.destination("clock");
  const tally = new Tally();
  const call = async (destination: Destination, event: string): Promise<void> => {
    try {
      tally.answered(await destination.request({ event, timeout: 2000 }, "world"));
    } catch (error) {
      tally.failed(error);
    }
  };
  const rounds = setInterval(() => {
    if (greeter.ready) for (let i = 0; i < GREETINGS; i++) void call(greeter, "hello");
    if (clock.ready) void call(clock, "now");
  }, ROUND);
  const reports = setInterval(() => tell(tally.report()), REPORT);
  process.on("message", (order) => {
    if (order === BURST) void burst(greeter);
  });
  process.once("disconnect", () => {
    clearInterval(rounds);
    clearInterval(reports);
  });
  return peer;
});

/** Calls as fast as answers come in, for a moment. */
async function burst(destination: Destination): Promise<void> {
  const start = performance.now();
  let calls = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() - start < BURST_TIME) {
      await destination.request("hello", "world");
      calls++;
    }
  };
  // One that fails, since its unit has just been lost, ends only its own line of calls.
  await Promise.allSettled(Array.from({ length: IN_FLIGHT }, caller));
  tell({ fact: "burst", calls, seconds: (performance.now() - start) / 1000 });
}
