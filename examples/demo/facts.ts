/**
 * What the demo's processes tell the one that started them, over Node's own IPC channel. Only the
 * demo needs it, to print: what they say to each other goes through Troupe.
 */

/** What the hub is told when it starts. */
export interface HubPart {
  readonly name: string;
  /** 32 secret bytes in hex: a hub that is started again has the same key. */
  readonly seed: string;
  /** 0 the first time; afterwards the port that the others know. */
  readonly port: number;
}

/** What everybody else is told. */
export interface PlayerPart {
  readonly name: string;
  /** Where the hub is, and the key it must have: `ws://host:port#<public key>`. */
  readonly hub: string;
}

/** Who answered how much since the last report. */
export interface Share {
  readonly name: string;
  readonly role: string;
  readonly calls: number;
}

/** One report of the hub's. */
export interface Rates {
  readonly fact: "rates";
  readonly seconds: number;
  readonly shares: readonly Share[];
  /** Median round-trip time of these calls in milliseconds. */
  readonly rtt: number;
  /** Calls that failed, by error code. */
  readonly failures: Readonly<Record<string, number>>;
}

/** What a process reports. */
export type Fact =
  | { readonly fact: "ready"; readonly key: string; readonly address?: string }
  | { readonly fact: "met" | "parted"; readonly name: string; readonly key: string }
  | { readonly fact: "burst"; readonly calls: number; readonly seconds: number }
  | Rates;

/** The one order there is: call as fast as it goes, for a second. */
export const BURST = "burst";
