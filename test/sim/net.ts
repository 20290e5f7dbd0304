import type { Clock } from "../../src/async/clock.ts";
import type { Channel } from "../../src/channel/channel.ts";
import { refused, unreachable } from "../../src/channel/dial-failure.ts";
import type { DialOptions } from "../../src/channel/dialing.ts";
import type {
  Listener,
  ListenLimits,
  ListenOptions,
  Reception,
} from "../../src/channel/listening.ts";
import { hostOf } from "./host.ts";
import { Line, type LineEnd } from "./line.ts";
import type { Random } from "./random.ts";
import type { Trace } from "./trace.ts";

/** What a network does to messages on purpose, so that a test can see that it is noticed. */
export type Mangling = "duplicate" | "swap" | "swallow" | "flip";

/** How good a network is. */
export interface Weather {
  /** Milliseconds on the way, at least and at most. */
  readonly delay: readonly [number, number];
  /** Bytes a millisecond. */
  readonly rate: number;
  /** How often a message is mangled, and how. */
  readonly mangling?: { readonly how: Mangling; readonly often: number } | undefined;
}

interface Host {
  readonly reception: Reception;
  readonly limits: ListenLimits;
}

/** The network between all hosts of a simulation: it dials and listens for them, and fails them. */
export class Net {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #trace: Trace;
  readonly #weather: Weather;
  readonly #hosts = new Map<string, Host>();
  readonly #lines = new Set<Line>();
  readonly #holes = new Set<string>();
  /** Machines that are off: whoever dials them hears nothing. */
  readonly #off = new Set<string>();
  /** Lines there have been. */
  #count = 0;

  constructor(clock: Clock, random: Random, trace: Trace, weather: Weather) {
    this.#clock = clock;
    this.#random = random;
    this.#trace = trace;
    this.#weather = weather;
  }

  /** Lines of which at least one end is not over. */
  get lines(): readonly Line[] {
    for (const line of this.#lines) if (line.over) this.#lines.delete(line);
    return [...this.#lines];
  }

  /** Whether somebody has connected to this host within the last so many milliseconds. */
  isNewAt(name: string, ms: number): boolean {
    const { lines } = this;
    return lines.some(({ listener, since }) => {
      return listener.name === name && this.#clock.now() - since < ms;
    });
  }

  /** `client.from` names who dials, and `client.clock` is the clock of its process. */
  async dial(url: URL, { limits, signal, client }: DialOptions): Promise<Channel> {
    const from = String(client["from"]);
    const to = hostOf(url.hostname);
    await this.#arrival(client["clock"] as Clock, signal);
    if (this.#holed(from, to) || this.#holed(to, from) || this.#off.has(to)) await aborted(signal);
    const host = this.#hosts.get(to);
    this.#trace.add(`${from} dials ${url.hostname}: ${host === undefined ? "nobody" : "there"}`);
    const refusal = Object.assign(new Error(`nobody listens at ${to}`), { code: "ECONNREFUSED" });
    if (host === undefined) throw unreachable(url, refusal);
    if (!host.reception.room()) throw refused(url, 503);
    const line = new Line({
      clock: this.#clock,
      number: ++this.#count,
      names: [from, to],
      limits: [limits, host.limits],
      delay: () => this.#random.between(...this.#weather.delay),
      rate: this.#weather.rate,
      told: (what) => this.#trace.add(what),
      mangle: this.#mangler(),
    });
    this.#lines.add(line);
    this.#apply(line);
    host.reception.accept(line.listener, host.limits.handshakeTime);
    return line.dialer;
  }

  async listen(
    { host: name = "", port = 0 }: ListenOptions,
    reception: Reception,
    limits: ListenLimits,
  ): Promise<Listener> {
    const host: Host = { reception, limits };
    this.#hosts.set(name, host);
    this.#off.delete(name);
    return {
      port,
      scheme: "ws",
      handleUpgrade: () => {},
      close: async () => {
        if (this.#hosts.get(name) === host) this.#hosts.delete(name);
      },
    };
  }

  /** Breaks one line, anywhere. */
  cut(): void {
    this.#random.pick(this.lines)?.cut((parcels) => this.#random.below(parcels + 1));
  }

  /** What goes from one to another vanishes, without a word, until it is healed. */
  hole(from: string, to: string, holed: boolean): void {
    this.#trace.add(
      `the way from ${from} to ${to} ${holed ? "becomes a black hole" : "is mended"}`,
    );
    if (holed) this.#holes.add(`${from}>${to}`);
    else this.#holes.delete(`${from}>${to}`);
    for (const line of this.lines) this.#apply(line);
  }

  /** The lines of two hosts, whoever has dialled. */
  linesBetween(one: string, other: string): readonly Line[] {
    return this.lines.filter(({ dialer: { name, to } }) =>
      name === one ? to === other : name === other && to === one,
    );
  }

  /** The process of this name is dead: nobody listens, and its lines are cut. */
  die(name: string): void {
    this.#hosts.delete(name);
    for (const { dialer, listener } of this.lines) {
      if (dialer.name === name) dialer.die();
      if (listener.name === name) listener.die();
    }
  }

  /** The machine of this name is off from one moment to the next: nobody is told. */
  vanish(name: string): void {
    this.#hosts.delete(name);
    this.#off.add(name);
    for (const { dialer, listener } of this.lines) {
      if (dialer.name === name) dialer.vanish();
      if (listener.name === name) listener.vanish();
    }
  }

  /** The end of a line by which one host sends, named as its channel names what is at the other end. */
  way(from: string, remote: string): LineEnd | undefined {
    return this.lines
      .flatMap(({ dialer, listener }) => [dialer, listener])
      .find((end) => end.name === from && end.remote === remote);
  }

  #apply({ dialer, listener }: Line): void {
    for (const end of [dialer, listener]) end.hole(this.#holedFrom(end));
  }

  #holedFrom({ name, to }: LineEnd): boolean {
    return this.#holed(name, to);
  }

  #holed(from: string, to: string): boolean {
    return this.#holes.has(`${from}>${to}`);
  }

  /** A first packet has come to the other host, and back to a process that lives. */
  #arrival(clock: Clock, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = clock.after(this.#random.between(...this.#weather.delay), resolve);
      signal.addEventListener("abort", () => {
        timer.cancel();
        reject(signal.reason);
      });
    });
  }

  #mangler(): ((message: Uint8Array) => readonly Uint8Array[]) | undefined {
    const { mangling } = this.#weather;
    if (mangling === undefined) return undefined;
    let held: Uint8Array | undefined;
    return (message) => {
      if (held !== undefined) {
        const late = held;
        held = undefined;
        return [message, late];
      }
      if (!this.#random.chance(mangling.often)) return [message];
      this.#trace.add(`the network is to ${mangling.how} ${message.length} bytes`);
      switch (mangling.how) {
        case "duplicate":
          return [message, message.slice()];
        case "swallow":
          return [];
        case "flip": {
          const at = this.#random.below(message.length);
          message[at] = (message[at] ?? 0) ^ (1 << this.#random.below(8));
          return [message];
        }
        case "swap":
          held = message;
          return [];
      }
    };
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (): void => reject(signal.reason);
    if (signal.aborted) end();
    signal.addEventListener("abort", end);
  });
}
