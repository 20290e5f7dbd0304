import type { Channel } from "../../channel/channel.ts";
import { broken, TroupeError } from "../../errors.ts";
import type { Established, Handshake } from "../../session/handshake.ts";
import type { ConnectionConfig } from "../config.ts";
import type { ConnectionOwner } from "../connection.ts";
import { decodeParameters } from "./introduction.ts";
import { NativeConnection } from "./native.ts";
import { type LinkGreeter, SealedLink } from "./sealed-link.ts";

/** The connection that is to go on by a channel, if it is not for a new one. */
export type Find = (session: Established) => NativeConnection | undefined;

/**
 * A channel until the other side is authenticated: then it carries a new connection, or one that has
 * lost its own channel.
 */
export class Greeting implements LinkGreeter {
  readonly #link: SealedLink;
  readonly #dialed: boolean;
  readonly #config: ConnectionConfig;
  readonly #owner: ConnectionOwner;
  readonly #find: Find;

  /**
   * Takes the channel over and begins.
   *
   * @param time - milliseconds until the connection must be open, or go on
   */
  constructor(
    channel: Channel,
    dialed: boolean,
    handshake: Handshake,
    config: ConnectionConfig,
    owner: ConnectionOwner,
    time: number,
    find: Find = () => undefined,
  ) {
    this.#dialed = dialed;
    this.#config = config;
    this.#owner = owner;
    this.#find = find;
    this.#link = new SealedLink(channel, handshake, this, config.clock, time);
    this.#link.start();
  }

  /** Ends at once, whatever has become of it. */
  abort(reason: TroupeError): void {
    this.#link.abort(reason);
  }

  established(session: Established): void {
    const { resumes } = decodeParameters(session.parameters);
    const found = this.#find(session);
    if (found !== undefined) this.#goOn(found, session, resumes?.records ?? 0);
    else if (resumes !== undefined && !this.#dialed) this.abort(notHere());
    else new NativeConnection(this.#link, this.#dialed, session, this.#config, this.#owner).begin();
  }

  record(): void {
    throw broken("a record before the handshake");
  }

  drained(): void {
    // Nobody waits for that yet.
  }

  lost(reason: TroupeError): void {
    this.#owner.failed(reason);
  }

  ended(reason: TroupeError): void {
    this.#owner.failed(reason);
  }

  gone(): void {
    this.#owner.gone();
  }

  #goOn(connection: NativeConnection, session: Established, records: number): void {
    // Which one depends on who dials; that there is one does not.
    if (connection.remote.keyId !== undefined && session.keyId === undefined) {
      const what = "the connection was opened with a pre-shared key, and now none was proved";
      this.abort(new TroupeError("NO_COMMON_KEY", what));
      return;
    }
    this.#owner.joined();
    if (this.#dialed) connection.redialed(this.#link);
    else connection.resume(this.#link, records);
  }
}

/** A connection that a dialer wants to go on with is not there. */
export const notHere = (): TroupeError =>
  new TroupeError("DISCONNECTED", "the connection that is to be resumed is over on this side");
