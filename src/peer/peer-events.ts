import type { TroupeError } from "../errors.ts";
import type { Role } from "./role.ts";
import type { Unit } from "./unit.ts";

/** What a peer announces. */
export interface PeerEvents {
  /** A new unit is connected. */
  unit: [unit: Unit];
  /** A role was made on this peer. */
  role: [role: Role];
  /** The peer is closed. */
  close: [];
  /** A permanent address is connected again, after `count` failed attempts. */
  reconnect_success: [
    event: {
      /** Without its pin. */
      address: string;
      /** Failed attempts before this one, the loss of the connection included. */
      count: number;
      /** Who is there. */
      unit: Unit;
    },
  ];
  /** An attempt at a permanent address failed; the next one comes in `wait` milliseconds. */
  reconnect_fail: [
    event: {
      /** Without its pin. */
      address: string;
      /** Failures in a row, the loss of the connection included. */
      count: number;
      /** Milliseconds until the next attempt. */
      wait: number;
      /** What was the matter. */
      error: TroupeError;
    },
  ];
  /** A connection was refused for who is at its end, by this side or the other. */
  auth_error: [error: TroupeError, remote: string];
}

/** @internal Errors that say: not the one who should be there, or not one who may be here. */
export const AUTH_ERRORS: ReadonlySet<string> = new Set([
  "HANDSHAKE_FAILED",
  "KEY_CHANGED",
  "NO_COMMON_KEY",
  "NOT_ALLOWED",
  "WRONG_KEY",
  "WRONG_PEER",
]);
