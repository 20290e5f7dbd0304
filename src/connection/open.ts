import type { Channel } from "../channel/channel.ts";
import type { CryptoProvider, Signer } from "../crypto/provider.ts";
import type { TroupeError } from "../errors.ts";
import { DialerHandshake } from "../session/dialer.ts";
import type { Established, HandshakeConfig } from "../session/handshake.ts";
import { ResponderHandshake } from "../session/responder.ts";
import type { ConnectionConfig } from "./config.ts";
import type { Connection, ConnectionOwner } from "./connection.ts";
import { Greeting, notHere } from "./native/greeting.ts";
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

/** Who is let in, and to what. */
export interface Gate {
  readonly judge: Judge;
  /** The connection that a candidate wants to go on with, if it does not want a new one. */
  readonly find: (candidate: Candidate) => Connection | undefined;
}

/** A channel that is to become a connection. */
export interface Arrival {
  /** Ends at once, whatever has become of it. */
  abort(reason: TroupeError): void;
}

/**
 * Makes a connection of a channel, or lets one go on by it: the one place that knows all dialects. The
 * owner hears of its opening or of its failure; aborting it meanwhile is a failure, too.
 *
 * @param resumes - of a dialer: the connection that is to go on
 * @param time - milliseconds until it must be open
 */
export function openConnection(
  channel: Channel,
  side: "dialer" | "responder",
  credentials: Credentials,
  gate: Gate,
  config: ConnectionConfig,
  owner: ConnectionOwner,
  time: number,
  resumes?: Connection,
): Arrival {
  const { crypto, parameters } = credentials;
  const handshakeConfig: HandshakeConfig = {
    ...credentials,
    parameters: encodeParameters({ ...parameters, resumes: resumes?.resumption }),
    judge: (identity, told) => gate.judge({ identity, parameters: decodeParameters(told) }),
    random: (length) => crypto.randomBytes(length),
  };
  const handshake =
    side === "dialer"
      ? new DialerHandshake(handshakeConfig)
      : new ResponderHandshake(handshakeConfig);
  const find = ({ identity, parameters: told }: Established): NativeConnection | undefined => {
    const found = resumes ?? gate.find({ identity, parameters: decodeParameters(told) });
    return found instanceof NativeConnection ? found : undefined;
  };
  return new Greeting(channel, side === "dialer", handshake, config, owner, time, find);
}

export { notHere };
