import type { Clock } from "../async/clock.ts";
import type { Deadlines } from "../async/deadlines.ts";
import type { Introduction, RoleList } from "./connection.ts";
import type { Flusher } from "./flusher.ts";
import type { Limits, Timeouts } from "./limits.ts";

/** What a connection needs of its peer. */
export interface ConnectionConfig {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly flusher: Flusher;
  readonly limits: Limits;
  readonly timeouts: Timeouts;
  /** What this side tells about itself, asked when it is sent. */
  readonly introduction: () => Introduction;
  /** Secure random bytes. */
  readonly random: (length: number) => Uint8Array;
  /** All roles of this side, asked when they are sent. */
  readonly roles: () => RoleList;
}
