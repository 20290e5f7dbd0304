import type { Latency } from "../talk.ts";

/** Work that a child goes on with until it is stopped. */
export interface Load {
  /** What has been done so far, for {@link Mark.count}. */
  readonly count: number;
  /** A reading is taken: latencies belong to the time between the last two. */
  mark(): void;
  /** Starts nothing new, waits for what runs, closes what was opened. */
  stop(): Promise<Latency | null>;
}

/** The bytes all benches send: neither zeros nor the same byte over and over. */
export function payloadOf(bytes: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, index) => (index * 7 + 1) & 0xff));
}

/** What everyone does with a payload that arrives. Changed or cut bytes end the process. */
export function touch(payload: Uint8Array, expected: Uint8Array): void {
  const last = expected.length - 1;
  if (payload.length !== expected.length || payload[last] !== expected[last]) {
    throw new Error(`a payload of ${expected.length} bytes arrived as ${payload.length} others`);
  }
}
