import type { Channel, ChannelLimits } from "./channel.ts";

/** How to reach an address. */
export interface DialOptions {
  /** Bounds on what the other side may send. */
  readonly limits: ChannelLimits;
  /** Ends the attempt; the promise rejects with its reason. */
  readonly signal: AbortSignal;
  /** Options for the platform's WebSocket client (in Node those of `ws`: `ca`, `headers`, `rejectUnauthorized`, ...). */
  readonly client: Readonly<Record<string, unknown>>;
}

/**
 * Opens a channel to a `ws:` or `wss:` URL. TLS certificates are verified unless `client` says otherwise.
 *
 * @throws TroupeError `CONNECT_FAILED` when nothing answers or the answer is not a WebSocket of ours
 */
export type Dial = (url: URL, options: DialOptions) => Promise<Channel>;
