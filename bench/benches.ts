/** What is measured, in which unit, and what the project has promised of it. */

/** Payload of the small benches, bytes. */
const SMALL = 100;
const KIB = 1024;

/** What a bench does. Times and round counts are not part of it: see {@link Pace}. */
export type Shape =
  | { readonly kind: "echo"; readonly bytes: number; readonly inFlight: number }
  | { readonly kind: "oneway"; readonly bytes: number }
  | {
      readonly kind: "broadcast";
      readonly bytes: number;
      readonly connections: number;
      /** Broadcasts sent whose deliveries are not all acknowledged yet, at most. */
      readonly window: number;
    }
  /** Bytes in bulk: `down` from server to client, `up` the other way. */
  | { readonly kind: "stream"; readonly direction: "down" | "up" }
  /** Calls on a connection that can be resumed, beside calls on one that ends with its channel. */
  | { readonly kind: "resumable"; readonly bytes: number; readonly inFlight: number }
  /** Streams that carry one payload there and back, beside calls that do the same. */
  | { readonly kind: "small-streams"; readonly bytes: number; readonly atOnce: number }
  /** Calls, one after the other, with nothing else on their connection and with a stream down. */
  | { readonly kind: "beside-stream"; readonly bytes: number }
  /** Calls that cost the server's processor time, as many as it can answer and `times` as many. */
  | {
      readonly kind: "overload";
      /** Milliseconds of processor time for each. */
      readonly work: number;
      /** Milliseconds within which an answer is of use. */
      readonly deadline: number;
      readonly times: number;
    }
  | { readonly kind: "idle" };

/** In the order of the report. */
export const BENCH_NAMES = [
  "echo-100B-c1",
  "echo-100B-c64",
  "echo-100B-c512",
  "echo-10KiB-c64",
  "oneway-100B",
  "broadcast-100",
  "broadcast-100-w1",
  "stream-down",
  "stream-up",
  "streams-small",
  "request-beside-stream",
  "overload",
  "resumable-c1",
  "resumable-c64",
  "idle-connection",
] as const;
export type BenchName = (typeof BENCH_NAMES)[number];

export const SHAPES: Readonly<Record<BenchName, Shape>> = {
  "echo-100B-c1": { kind: "echo", bytes: SMALL, inFlight: 1 },
  "echo-100B-c64": { kind: "echo", bytes: SMALL, inFlight: 64 },
  "echo-100B-c512": { kind: "echo", bytes: SMALL, inFlight: 512 },
  "echo-10KiB-c64": { kind: "echo", bytes: 10 * KIB, inFlight: 64 },
  "oneway-100B": { kind: "oneway", bytes: SMALL },
  "broadcast-100": { kind: "broadcast", bytes: SMALL, connections: 100, window: 32 },
  "broadcast-100-w1": { kind: "broadcast", bytes: SMALL, connections: 100, window: 1 },
  "stream-down": { kind: "stream", direction: "down" },
  "stream-up": { kind: "stream", direction: "up" },
  "streams-small": { kind: "small-streams", bytes: SMALL, atOnce: 64 },
  "request-beside-stream": { kind: "beside-stream", bytes: SMALL },
  overload: { kind: "overload", work: 1, deadline: 100, times: 3 },
  "resumable-c1": { kind: "resumable", bytes: SMALL, inFlight: 1 },
  "resumable-c64": { kind: "resumable", bytes: SMALL, inFlight: 64 },
  "idle-connection": { kind: "idle" },
};

export const SUBJECT_NAMES = ["ws", "ws-batched", "wss", "troupe"] as const;
export type SubjectName = (typeof SUBJECT_NAMES)[number];

/** Who takes part where not everyone does. What would be the same figure again is left out. */
const ENTRANTS: Readonly<Partial<Record<Shape["kind"], readonly SubjectName[]>>> = {
  stream: ["ws", "wss", "troupe"],
  // Without streams, one payload there and back is an echo: `echo-100B-c64`.
  "small-streams": ["troupe"],
  "beside-stream": ["ws", "wss", "troupe"],
  // Bare messages have no deadlines, and nobody refuses them.
  overload: ["troupe"],
  resumable: ["troupe"],
};

/** Whether a bench is run with a subject. */
export function takesPart(subject: SubjectName, bench: BenchName): boolean {
  return ENTRANTS[SHAPES[bench].kind]?.includes(subject) ?? true;
}

/**
 * What a figure is divided by, in each round: the same fact of another subject, or another fact
 * (by its suffix) of its own subject.
 */
export type Base = { readonly subject: SubjectName } | { readonly own: string };

export interface Fact {
  readonly unit: string;
  readonly base: Base;
}

const toWs = (unit: string): Fact => ({ unit, base: { subject: "ws" } });
/** In bulk encrypting is much of the work: compared is who does it as well. */
const toWss = (unit: string): Fact => ({ unit, base: { subject: "wss" } });
const toOwn = (own: string, unit: string): Fact => ({ unit, base: { own } });

/** What a shape yields, by the suffix to the bench's name. The headline has no suffix. */
export const FACTS: Readonly<Record<Shape["kind"], Readonly<Record<string, Fact>>>> = {
  echo: {
    "": toWs("req/s"),
    "-p50": toWs("ms"),
    "-p99": toWs("ms"),
    "-cpu": toWs("us/echo"),
  },
  oneway: { "": toWs("msg/s"), "-cpu": toWs("us/msg") },
  broadcast: { "": toWs("deliveries/s"), "-cpu": toWs("us/delivery") },
  stream: { "": toWss("MB/s"), "-cpu": toWss("us/MB") },
  "small-streams": {
    "": toOwn("-echo", "streams/s"),
    "-cpu": toOwn("-echo-cpu", "us/stream"),
    "-echo": toWs("req/s"),
    "-echo-cpu": toWs("us/echo"),
  },
  "beside-stream": {
    "-p50": toOwn("-idle-p50", "ms"),
    "-p99": toOwn("-idle-p99", "ms"),
    "-idle-p50": toWs("ms"),
    "-idle-p99": toWs("ms"),
    "-stream": toWss("MB/s"),
  },
  resumable: {
    "": toOwn("-fleeting", "req/s"),
    "-cpu": toOwn("-fleeting-cpu", "us/echo"),
    "-fleeting": toWs("req/s"),
    "-fleeting-cpu": toWs("us/echo"),
  },
  overload: {
    "": toOwn("-peak", "answers/s"),
    "-once": toOwn("-peak", "answers/s"),
    "-p99": toOwn("-peak-p99", "ms"),
    "-peak": toWs("answers/s"),
    "-peak-p99": toWs("ms"),
  },
  idle: { "": toWs("bytes"), "-rss": toWs("bytes") },
};

/** A bound on the ratio of `troupe` to the base of the fact. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** By bench name with suffix. What is not named here is shown without a verdict. */
export const TARGETS: Readonly<Record<string, Target>> = {
  "echo-100B-c1": { atLeast: 0.65 },
  "echo-100B-c64": { atLeast: 1.2 },
  "echo-100B-c512": { atLeast: 2 },
  "echo-100B-c512-p99": { atMost: 1 },
  "echo-100B-c512-cpu": { atMost: 0.35 },
  "echo-10KiB-c64": { atLeast: 0.55 },
  "oneway-100B": { atLeast: 8 },
  "broadcast-100": { atLeast: 0.8 },
  "stream-down": { atLeast: 0.9 },
  "stream-up": { atLeast: 0.9 },
  "streams-small": { atLeast: 0.25 },
  "request-beside-stream-p99": { atMost: 3 },
  overload: { atLeast: 0.8 },
  "resumable-c1": { atLeast: 0.97 },
  "resumable-c64": { atLeast: 0.97 },
  "idle-connection": { atMost: 2 },
};

/** How long and how often. Times are milliseconds. */
export interface Pace {
  readonly rounds: number;
  /** Each new pair of processes is busy so long before anything else. */
  readonly warmUp: number;
  /** Each bench runs so long before the first round, unmeasured. */
  readonly rehearsal: number;
  /** From the start of a load to its first reading. */
  readonly runIn: number;
  /** From the first reading to the second. */
  readonly measured: number;
  readonly idleConnections: number;
  /** From the last connection to the reading of memory: names, roles and round-trip times are over. */
  readonly settle: number;
}

export const FULL: Pace = {
  rounds: 5,
  warmUp: 300,
  rehearsal: 4000,
  runIn: 300,
  measured: 1000,
  idleConnections: 1000,
  settle: 400,
};
export const QUICK: Pace = {
  rounds: 3,
  warmUp: 100,
  rehearsal: 200,
  runIn: 100,
  measured: 160,
  idleConnections: 300,
  settle: 100,
};
