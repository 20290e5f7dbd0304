import type { Channel } from "../channel/channel.ts";
import type { CryptoProvider, Signer } from "../crypto/provider.ts";
import type { TroupeError } from "../errors.ts";
import { DialerHandshake } from "../session/dialer.ts";
import type { HandshakeConfig } from "../session/handshake.ts";
import { ResponderHandshake } from "../session/responder.ts";
import type { ConnectionConfig } from "./config.ts";
import type { Connection, ConnectionOwner } from "./connection.ts";
import { decodeParameters, encodeParameters, type Parameters } from "./native/introduction.ts";
import { NativeConnection } from "./native/native.ts";

/** What a peer proves and demands whenever a connection opens. */
export interface Credentials {
  readonly crypto: CryptoProvider;
  readonly signer: Signer;
  readonly networkKey: Uint8Array | undefined;
  readonly presharedKeys: ReadonlyMap<string, Uint8Array>;
  readonly parameters: Parameters;
}

/** The one at the other end as far as the handshake proves it. */
export interface Candidate {
  /** Its 32-byte public key. */
  readonly identity: Uint8Array;
  readonly parameters: Parameters;
}

/** Decides on a candidate: why it is refused, or `undefined`. */
export type Judge = (candidate: Candidate) => TroupeError | undefined;

/**
 * Makes a connection of a channel: the one place that knows all dialects. The owner hears of its
 * opening or of its failure; aborting the connection meanwhile is a failure, too.
 *
 * @param time - milliseconds until it must be open
 */
export function openConnection(
  channel: Channel,
  side: "dialer" | "responder",
  credentials: Credentials,
  judge: Judge,
  config: ConnectionConfig,
  owner: ConnectionOwner,
  time: number,
): Connection {
  const { crypto } = credentials;
  const handshakeConfig: HandshakeConfig = {
    ...credentials,
    parameters: encodeParameters(credentials.parameters),
    judge: (identity, parameters) => judge({ identity, parameters: decodeParameters(parameters) }),
    random: (length) => crypto.randomBytes(length),
  };
  const handshake =
    side === "dialer"
      ? new DialerHandshake(handshakeConfig)
      : new ResponderHandshake(handshakeConfig);
  return new NativeConnection(channel, side === "dialer", handshake, config, owner, time);
}
