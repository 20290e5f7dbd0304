import type { Caller } from "../subjects/subject.ts";
import type { Talk } from "../talk.ts";
import { Latencies } from "./latencies.ts";
import { type Load, payloadOf, touch } from "./load.ts";

/** With many in flight one call in so many is timed: a prime, so that it does not beat with a batch. */
const TIMED_OF_MANY = 7;

/** Calls, of which `inFlight` are always outstanding. */
export function startEcho(
  caller: Caller,
  ask: Pick<Talk["echo"]["ask"], "bytes" | "inFlight">,
): Load {
  const traffic = new Traffic(caller, ask);
  const lanes = Array.from({ length: ask.inFlight }, () => new Lane(traffic));
  for (const lane of lanes) lane.next();
  return {
    get count() {
      return traffic.answered;
    },
    mark: () => traffic.latencies.mark(),
    stop: async () => {
      traffic.stop();
      await Promise.all(lanes.map((lane) => lane.ended));
      await caller.close();
      return traffic.latencies.summary();
    },
  };
}

/** What the lanes share. */
class Traffic {
  readonly caller: Caller;
  readonly payload: Buffer;
  readonly timedOf: number;
  readonly latencies = new Latencies();
  asked = 0;
  answered = 0;
  #stopping = false;

  constructor(caller: Caller, { bytes, inFlight }: Parameters<typeof startEcho>[1]) {
    this.caller = caller;
    this.payload = payloadOf(bytes);
    this.timedOf = inFlight === 1 ? 1 : TIMED_OF_MANY;
  }

  /** Whether answers that come are still followed by new calls. */
  get stopping(): boolean {
    return this.#stopping;
  }

  stop(): void {
    this.#stopping = true;
  }
}

/** One call after the other. Nothing is allocated for a call, so that what is measured is the subject. */
class Lane {
  readonly ended: Promise<void>;
  readonly #traffic: Traffic;
  #end: () => void = () => {};
  /** Zero when the running call is not timed. */
  #askedAt = 0;

  constructor(traffic: Traffic) {
    this.#traffic = traffic;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  next(): void {
    const traffic = this.#traffic;
    this.#askedAt = traffic.asked++ % traffic.timedOf === 0 ? performance.now() : 0;
    traffic.caller.call(traffic.payload, this.#done);
  }

  readonly #done = (answer: Uint8Array): void => {
    const traffic = this.#traffic;
    touch(answer, traffic.payload);
    traffic.answered++;
    if (this.#askedAt !== 0) traffic.latencies.add(performance.now() - this.#askedAt);
    if (traffic.stopping) this.#end();
    else this.next();
  };
}
