import type { Address } from "./address.ts";

/** A way to a unit by which this peer has reached it. */
export interface Way {
  readonly address: Address;
  /** Options of the platform's WebSocket client. */
  readonly client: Readonly<Record<string, unknown>>;
  /** Aborted when the address is not to be dialled any more. */
  readonly signal: AbortSignal;
}
