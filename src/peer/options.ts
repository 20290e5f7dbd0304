import { MAX_INTRODUCED_TEXT } from "../connection/connection.ts";
import type { Limits, Timeouts } from "../connection/limits.ts";
import { badArgument } from "../errors.ts";
import type { Allow } from "./allow.ts";
import type { IdempotencyOptions } from "./idempotency-store.ts";

/** Where a peer writes what nobody else can be told. `console` is one. */
export interface Logger {
  /** Something of the user's own failed, such as the handler of a one-way message. */
  error(message: string, cause?: unknown): void;
  /** A stranger was refused, a connection ended by a breach of the protocol, or a unit was set aside. */
  warn(message: string, cause?: unknown): void;
}

/** @internal The same, but that one that throws is ignored: it must not break what it is told of. */
export const quietly = (logger: Logger): Logger => ({
  error: (message, cause) => attempt(() => logger.error(message, cause)),
  warn: (message, cause) => attempt(() => logger.warn(message, cause)),
});

function attempt(run: () => void): void {
  try {
    run();
  } catch {
    // Nobody is left to be told.
  }
}

/** A key pair as hyperseaport and others write it; `secretKey` begins with the 32-byte seed. */
export interface KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 32 bytes (the seed) or 64 (seed and public key). */
  readonly secretKey: Uint8Array;
}

/** How a peer is made. Everything has a default. */
export interface PeerOptions {
  /** A name for people, of up to 1,024 characters; need not be unique. Default empty. */
  readonly name?: string | undefined;
  /** Whether it wants to be told of other peers. Default true. */
  readonly friendly?: boolean | undefined;
  /**
   * Who it is: the path of a key file (made with mode 0600 when there is none; Node only), a seed of
   * 32 bytes, or a key pair. By default a new identity that lives as long as the peer.
   */
  readonly identity?: string | Uint8Array | KeyPair | undefined;
  /** 32 random bytes, or their 64 hex digits: whoever lacks them cannot connect, nor see who is there. */
  readonly networkKey?: string | Uint8Array | undefined;
  /** Who may connect: public keys, or a function. Default everybody. */
  readonly allow?: Allow | undefined;
  /** Text fields that units can read, as by {@link Peer.setTag}. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** How long things may take. */
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** What others may cost. */
  readonly limits?: Partial<Limits> | undefined;
  /** How it remembers what it has answered to requests with an `idempotencyKey`. */
  readonly idempotency?: IdempotencyOptions | undefined;
  /** Default `console`. */
  readonly logger?: Logger | undefined;
}

/**
 * A text that this peer tells of itself: with a longer one nobody would let it in.
 *
 * @throws TroupeError `BAD_ARGUMENT` when it is no text, or too long
 */
export function checkTold(what: string, text: unknown): string {
  if (typeof text === "string" && text.length <= MAX_INTRODUCED_TEXT) return text;
  throw badArgument(`${what} must be a text of at most ${MAX_INTRODUCED_TEXT} characters`);
}

/** How to connect. Everything else is passed on to the WebSocket client (in Node to `ws`: `ca`, `headers`, ...). */
export interface ConnectOptions {
  /** Whether to go on trying and to reconnect when the connection is lost. Default true. */
  readonly permanent?: boolean | undefined;
  /** Dials the address no more once it is aborted; a connection that is open then stays. */
  readonly signal?: AbortSignal | undefined;
  /** Options of the platform's WebSocket client. */
  readonly [client: string]: unknown;
}

/** How to close. */
export interface CloseOptions {
  /** Milliseconds that running calls have to finish; 0 to close at once. Default 10,000. */
  readonly timeout?: number | undefined;
}
