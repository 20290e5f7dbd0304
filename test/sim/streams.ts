import type { Readable, Writable } from "node:stream";
import type { Context } from "troupe";
import type { Clock } from "../../src/async/clock.ts";
import { TroupeError } from "../../src/errors.ts";
import type { Ledger } from "./ledger.ts";
import type { Places } from "./places.ts";
import { Random } from "./random.ts";
import type { Run } from "./site.ts";
import type { Trace } from "./trace.ts";

/** What is written in one direction of a stream, and what of it was read. */
interface Direction {
  readonly what: string;
  /** Where in the noise its bytes begin. */
  readonly start: number;
  readonly size: number;
  written: number;
  /** Whether the writer has said that this is all. */
  ended: boolean;
  read: number;
  /** Whether the reader was told that this is all. */
  complete: boolean;
}

/** One stream: what its opener writes, what its handler writes. */
interface Opened {
  readonly id: number;
  readonly up: Direction | undefined;
  readonly down: Direction | undefined;
  /** Whether a handler has seen it. */
  seen: boolean;
  /** Whether one of its ends has given it up on purpose. */
  givenUp: boolean;
  readonly failures: string[];
}

interface Task {
  readonly id: number;
}

type Answer = (error: null, id: number) => void;

/** A prime: bytes that are lost or come twice by powers of two do not look right by chance. */
const NOISE_BYTES = 65_537;

/** What a program gives a stream up with, at times. */
const HAD_ENOUGH = new Error("had enough");

/** How a stream may fail where none may break: a role that was on when it was asked is off, or full. */
const LOSSLESS: ReadonlySet<string> = new Set(["NO_ROLE", "OVERLOADED", "ROLE_DISABLED"]);

/** Streams of every kind, with each byte known beforehand. */
export class Streams {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #trace: Trace;
  readonly #lossless: boolean;
  readonly #places: Places;
  readonly #opened: Opened[] = [];

  /** @param lossless - whether nothing happens that may break a stream */
  constructor(
    clock: Clock,
    random: Random,
    ledger: Ledger,
    trace: Trace,
    lossless: boolean,
    places: Places,
  ) {
    this.#places = places;
    this.#clock = clock;
    this.#random = random;
    this.#ledger = ledger;
    this.#trace = trace;
    this.#lossless = lossless;
  }

  /** How many directions were asked for, and how many were read to their end. */
  get counts(): { asked: number; complete: number } {
    const directions = this.#opened.flatMap(({ up, down }) => [up, down]);
    const asked = directions.filter((direction) => direction !== undefined);
    return { asked: asked.length, complete: asked.filter(({ complete }) => complete).length };
  }

  install(run: Run): void {
    const active = this.#random.chance(0.8);
    const role = run.peer.role("flow", { active, ...this.#places.furnish(run) });
    role.onReadable<Task>("up", (ctx, answer) => {
      const opened = this.#see(run, ctx);
      const taken = this.#take(run, ctx, answer);
      this.#read(run, opened, opened.up, ctx.readable, taken);
    });
    role.onWritable<Task>("down", (ctx, answer) => {
      const opened = this.#see(run, ctx);
      const taken = this.#take(run, ctx, answer);
      this.#write(run, opened, opened.down, ctx.writable, taken);
    });
    role.onDuplex<Task>("both", (ctx, answer) => {
      const opened = this.#see(run, ctx);
      const taken = this.#take(run, ctx, answer);
      this.#read(run, opened, opened.up, ctx.duplex, taken);
      this.#write(run, opened, opened.down, ctx.duplex, taken);
    });
  }

  /** One stream by one run, to whoever plays the role, or some at once. */
  open(run: Run): void {
    if (!run.peer.destination("flow").ready) return;
    const count = this.#random.chance(0.8) ? 1 : 2 + this.#random.below(5);
    for (let left = count; left > 0; left--) this.#open(run);
  }

  #open(run: Run): void {
    const destination = run.peer.destination("flow");
    const event = this.#random.weighted({ up: 3, down: 3, both: 4 });
    const opened = this.#enter(event);
    const task: Task = { id: opened.id };
    this.#trace.add(`${run.name} opens stream ${opened.id}, ${event}`);
    const now = Promise.resolve();
    if (event === "up") {
      this.#write(run, opened, opened.up, destination.writable(event, task), now);
    } else if (event === "down") {
      this.#read(run, opened, opened.down, destination.readable(event, task), now);
    } else {
      const duplex = destination.duplex(event, task);
      this.#write(run, opened, opened.up, duplex, now);
      this.#read(run, opened, opened.down, duplex, now);
    }
  }

  /** At the end: what was read to its end is all that was written; where none may break that is every one. */
  finish(): void {
    for (const { id, up, down, seen, givenUp, failures } of this.#opened) {
      this.#ledger.check(
        !(seen && failures.includes("OVERLOADED")),
        () => `stream ${id} was refused, and a handler has seen it`,
      );
      for (const direction of [up, down]) {
        if (direction === undefined) continue;
        const { what, size, written, ended, read, complete } = direction;
        this.#ledger.check(read <= written, () => `${what}: ${read} bytes read of ${written}`);
        if (complete) {
          const whole = ended && written === size && read === size;
          this.#ledger.check(whole, () => `${what} ended at ${read} of ${written} of ${size}`);
        } else if (this.#lossless && !givenUp) {
          const excused = failures.some((code) => LOSSLESS.has(code));
          this.#ledger.check(
            excused,
            () => `stream ${id} failed with ${failures.join()} though none may break`,
          );
        }
      }
    }
  }

  #enter(event: "up" | "down" | "both"): Opened {
    const id = this.#opened.length;
    const direction = (way: "up" | "down"): Direction | undefined => {
      if (event !== way && event !== "both") return undefined;
      const size = this.#random.chance(0.1)
        ? this.#random.below(900_000)
        : this.#random.below(9000);
      const start = this.#random.below(NOISE_BYTES);
      const what = `stream ${id} ${way}`;
      return { what, start, size, written: 0, ended: false, read: 0, complete: false };
    };
    const opened: Opened = {
      id,
      up: direction("up"),
      down: direction("down"),
      seen: false,
      givenUp: false,
      failures: [],
    };
    this.#opened.push(opened);
    return opened;
  }

  #see(run: Run, { data: { id }, deadline }: Context<Task>): Opened {
    const opened = this.#opened[id];
    if (opened === undefined) throw new Error(`stream ${id} was never opened`);
    opened.seen = true;
    this.#places.enter(run, `stream ${id}`);
    this.#places.checkAdmitted(run, deadline, `stream ${id}`);
    return opened;
  }

  /** Takes a stream, now or after a while. */
  async #take(run: Run, { data, signal }: Context<Task>, answer: Answer): Promise<void> {
    let waits = true;
    const end = (): void => {
      if (waits) this.#places.leave(run);
      waits = false;
    };
    signal.addEventListener("abort", end);
    if (this.#random.chance(0.3)) await run.clock.sleep(this.#random.between(0, 100));
    end();
    answer(null, data.id);
  }

  #write(
    run: Run,
    opened: Opened,
    direction: Direction | undefined,
    stream: Writable,
    taken: Promise<void>,
  ): void {
    if (direction === undefined) return;
    this.#attend(run, opened, `the writer of ${direction.what}`, stream);
    void taken.then(() => this.#pour(run, direction, stream));
  }

  /** Writes as a program does: as long as there is room, then after the drain. */
  async #pour(run: Run, direction: Direction, stream: Writable): Promise<void> {
    while (direction.written < direction.size) {
      if (this.#random.chance(0.1)) await run.clock.sleep(this.#random.between(0, 50));
      if (stream.destroyed || stream.errored !== null) return;
      const length = Math.min(1 + this.#random.below(60_000), direction.size - direction.written);
      const chunk = this.#bytes(direction, direction.written, length);
      direction.written += length;
      if (!stream.write(chunk)) await room(stream);
    }
    if (stream.destroyed) return;
    direction.ended = true;
    stream.end();
  }

  #read(
    run: Run,
    opened: Opened,
    direction: Direction | undefined,
    stream: Readable,
    taken: Promise<void>,
  ): void {
    if (direction === undefined) return;
    const settled = this.#attend(run, opened, `the reader of ${direction.what}`, stream);
    const hear = (chunk: Buffer): void => {
      const expected = this.#bytes(direction, direction.read, chunk.length);
      this.#ledger.check(
        expected.equals(chunk),
        () => `${direction.what}: wrong bytes behind ${direction.read}`,
      );
      this.#ledger.check(!run.killed && !settled(), () => `${direction.what}: bytes to nobody`);
      direction.read += chunk.length;
      if (this.#random.chance(0.1)) this.#pause(run, stream);
    };
    void taken.then(() => stream.on("data", hear));
    stream.once("end", () => {
      direction.complete = true;
      this.#trace.add(`${run.name} has read ${direction.what}, ${direction.read} bytes`);
    });
  }

  #pause(run: Run, stream: Readable): void {
    stream.pause();
    void run.clock.sleep(this.#random.between(0, 100)).then(() => stream.resume());
  }

  /**
   * Waits for the one end of a stream's end, and gives some of them up.
   *
   * @returns whether it is over
   */
  #attend(run: Run, opened: Opened, what: string, stream: Readable | Writable): () => boolean {
    let over = false;
    const settled = this.#ledger.wait(run, what);
    stream.once("close", () => {
      over = true;
      this.#trace.add(`${run.name}: ${what} closes`);
      settled();
    });
    stream.on("error", (error) => {
      const code = error === HAD_ENOUGH ? "REJECTED" : this.#ledger.codeOf(what, error);
      opened.failures.push(code);
      this.#trace.add(`${run.name}: ${what} fails with ${code}`);
    });
    if (this.#random.chance(0.08)) {
      const error = this.#random.pick([
        undefined,
        HAD_ENOUGH,
        new TroupeError("CANCELLED", "too much"),
      ]);
      this.#clock.after(this.#random.between(0, 200), () => {
        if (run.killed || over) return;
        this.#trace.add(`${run.name}: ${what} is given up`);
        opened.givenUp = true;
        stream.destroy(error);
      });
    }
    return () => over;
  }

  /** What the bytes of a direction are. */
  #bytes({ start }: Direction, from: number, length: number): Buffer {
    const at = (start + from) % NOISE_BYTES;
    return NOISE.subarray(at, at + length);
  }
}

/** There is room again, or the stream is over. */
function room(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      stream.off("drain", go).off("close", go);
      resolve();
    };
    stream.on("drain", go).on("close", go);
  });
}

/** Noise that repeats itself, as much as one chunk and one period take. */
const NOISE: Buffer = ((): Buffer => {
  const period = new Random(1).bytes(NOISE_BYTES);
  return Buffer.concat(Array.from({ length: 20 }, () => period));
})();
