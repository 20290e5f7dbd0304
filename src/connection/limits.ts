import { badArgument } from "../errors.ts";

/** Every bound on what others can make a peer spend. Each is an option of `new Peer({ limits })`. */
export interface Limits {
  /** Bytes a dialer may send before it is authenticated. Stops endless handshakes. Default 4,096. */
  readonly handshakeBytes: number;
  /** Connections that may be in their handshake at once. Stops floods of strangers. Default 256. */
  readonly handshakes: number;
  /** Connections there may be in all. Default 10,000. */
  readonly connections: number;
  /** Bytes of one message, request or answer, in both directions. Default 16 MiB. */
  readonly messageBytes: number;
  /** Requests in flight on one connection, each way. Default 65,536. */
  readonly requests: number;
  /** Streams open on one connection, each way; at most 65,536. Default 4,096. */
  readonly streams: number;
  /** Bytes that the streams of one connection may send ahead of their readers, beyond 16 KiB each. Default 64 MiB. */
  readonly streamBuffer: number;
  /** Bytes that may wait to be sent on one connection: a receiver that does not read costs so much at most. Default 64 MiB. */
  readonly sendBuffer: number;
  /**
   * Bytes that were sent and that all connections of the process hold until they are acknowledged, for
   * sending them again after the loss of a channel. Beyond it they are held no more. Default 256 MiB.
   */
  readonly resendBuffer: number;
}

/** How long things may take, in milliseconds. Each is an option of `new Peer({ timeouts })`. */
export interface Timeouts {
  /** A request without a `timeout` of its own. Default 60,000. */
  readonly request: number;
  /** From the first byte of a connection to its last step of authentication. Default 5,000. */
  readonly handshake: number;
  /** Between heartbeats. A connection on which nothing is heard for two of them has lost its channel. Default 10,000. */
  readonly heartbeat: number;
  /**
   * For how long a connection that has lost its channel waits for another one; the shorter time of both
   * sides counts. 0 for not at all: it ends with its channel. Default 10,000.
   */
  readonly resume: number;
}

export const DEFAULT_LIMITS: Limits = {
  handshakeBytes: 4096,
  handshakes: 256,
  connections: 10_000,
  messageBytes: 16 * 1024 * 1024,
  requests: 65_536,
  streams: 4096,
  streamBuffer: 64 * 1024 * 1024,
  sendBuffer: 64 * 1024 * 1024,
  resendBuffer: 256 * 1024 * 1024,
};

export const DEFAULT_TIMEOUTS: Timeouts = {
  request: 60_000,
  handshake: 5_000,
  heartbeat: 10_000,
  resume: 10_000,
};

const HIGH_WATER = 64 * 1024;

/** Bytes waiting to be sent above which a connection is congested: whoever can wait should. */
export const highWater = ({ sendBuffer }: Limits): number => Math.min(HIGH_WATER, sendBuffer);

/** What is on its way before the other side acknowledges it, however little may wait here. */
const LEAST_HELD = 1024 * 1024;

/** Bytes that a connection holds at most for sending them again. */
export const mostHeld = ({ sendBuffer }: Limits): number => Math.max(sendBuffer, LEAST_HELD);

/** Bytes that a frame's header adds to a payload at most, names and metadata included. */
export const FRAME_OVERHEAD: number = 256 * 1024;

/** What may be switched off by 0. */
const SWITCHES: ReadonlySet<string> = new Set(["resume"]);

/**
 * `given` over `defaults`.
 *
 * @throws TroupeError `BAD_ARGUMENT` for an unknown name or anything but a positive whole number
 */
export function withDefaults<T extends object>(
  what: string,
  defaults: T,
  given: Partial<T> | undefined,
): T {
  if (given === undefined) return defaults;
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, name)) {
      throw badArgument(
        `${what}.${name} is unknown; there are ${Object.keys(defaults).join(", ")}`,
      );
    }
    const least = SWITCHES.has(name) ? 0 : 1;
    if (value !== undefined && !(Number.isSafeInteger(value) && Number(value) >= least)) {
      const or = least === 0 ? ", or 0" : "";
      throw badArgument(
        `${what}.${name} must be a whole number above 0${or}, not ${String(value)}`,
      );
    }
  }
  const defined = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(defined) };
}
