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
  "idle-connection": { kind: "idle" },
};

export const SUBJECT_NAMES = ["ws", "ws-batched", "wss", "troupe"] as const;
export type SubjectName = (typeof SUBJECT_NAMES)[number];

/** What a shape yields: the suffix to the bench's name, and the unit. The headline has no suffix. */
export const FACTS: Record<Shape["kind"], Readonly<Record<string, string>>> = {
  echo: { "": "req/s", "-p50": "ms", "-p99": "ms", "-cpu": "us/echo" },
  oneway: { "": "msg/s", "-cpu": "us/msg" },
  broadcast: { "": "deliveries/s", "-cpu": "us/delivery" },
  idle: { "": "bytes", "-rss": "bytes" },
};

/** A bound on the ratio of `troupe` to bare `ws`. */
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
  warmUp: 500,
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
  runIn: 120,
  measured: 180,
  idleConnections: 300,
  settle: 100,
};
