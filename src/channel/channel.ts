/** Why a channel ended, for people and logs. */
export interface ChannelEnd {
  /** True when the other side said goodbye, false when the channel broke or was cut. */
  readonly clean: boolean;
  /** What happened, in words. */
  readonly reason: string;
}

/**
 * The single owner of a channel: what it hears. None of these may throw. `drained` and `closed` are
 * never called from within a call of the owner's, with one exception: {@link Channel.start} on a
 * channel that is over already.
 */
export interface ChannelReceiver {
  /** One whole binary message. Its bytes may be used again as soon as this returns. */
  message(bytes: Uint8Array): void;
  /** {@link Channel.buffered} has fallen to the high-water mark or below it, after a send exceeded it. */
  drained(): void;
  /** The end: called exactly once, nothing comes after it. */
  closed(end: ChannelEnd): void;
}

/** A transport that moves whole binary messages, in order, in both directions. */
export interface Channel {
  /** The other end for people and logs, e.g. `127.0.0.1:52114`. Unauthenticated. */
  readonly remote: string;
  /** Bytes taken by {@link Channel.send} that have not been handed to the system yet. */
  readonly buffered: number;
  /**
   * Names the one receiver. Messages that came earlier are handed over before this returns, in order,
   * and the end, too, if it is over already.
   *
   * @throws TroupeError `BAD_ARGUMENT` when there is a receiver already
   */
  start(receiver: ChannelReceiver): void;
  /**
   * Sends one message. Takes the bytes over: the caller may not touch them again. Does nothing once
   * the channel ended.
   *
   * @param tail - the end of the message, where it lies elsewhere
   */
  send(message: Uint8Array, tail?: Uint8Array): void;
  /**
   * The other side is authenticated. Before this, the channel cuts itself when more than its
   * `handshakeBytes` have come; afterwards only a message above `messageBytes` does so.
   */
  admit(): void;
  /**
   * Goes politely: what was sent still leaves, within a second or so; then the channel ends. Until
   * then messages may still come.
   */
  close(): void;
  /** Cuts at once: what was not yet sent is lost, and no message comes any more, only the end. */
  abort(): void;
}

/** What a stranger may send. */
export interface ChannelLimits {
  /** Bytes in all, from the first, before {@link Channel.admit}. */
  readonly handshakeBytes: number;
  /** Bytes of one message afterwards. */
  readonly messageBytes: number;
  /** Bytes waiting to be sent at which {@link ChannelReceiver.drained} becomes of interest. */
  readonly highWater: number;
}
