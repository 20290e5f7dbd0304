import type { Channel, ChannelLimits } from "./channel.ts";

/** What `listen` needs of an HTTP(S) server of the user's: node's `http.Server` and `https.Server` are ones. */
export interface UpgradeServer {
  /** Whether it listens already; if not, it is told to. */
  readonly listening: boolean;
  /** As in node:http. */
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  /** As in node:http. */
  off(event: string, listener: (...args: unknown[]) => void): unknown;
  /** As in node:http. */
  listenerCount(event: string): number;
  /** As in node:http. */
  listen(options: { readonly port: number; readonly host?: string }): unknown;
  /** As in node:http. */
  address(): unknown;
}

/** Where to listen, and for whom. */
export interface ListenOptions {
  /**
   * 0 to 65535; 0 picks a free one, `peer.port` tells it. A `server` that does not listen yet is told
   * to listen on it; leave it out when yours listens already or will do so by itself.
   */
  readonly port?: number;
  /** Interface to bind, all by default. */
  readonly host?: string;
  /**
   * Only upgrades of this path (without a query) are taken; any path by default. On a `server` of
   * yours another path, or an upgrade that does not offer the subprotocol `troupe.1`, is left to your
   * own `upgrade` listeners, and refused (404, 400) if you have none.
   */
  readonly path?: string;
  /** An HTTP or HTTPS server of yours to share the port with; its other requests stay yours. */
  readonly server?: UpgradeServer;
  /** Certificate and key (any option of node:tls): listen on TLS. */
  readonly ssl?: Readonly<Record<string, unknown>>;
  /**
   * Web pages that may connect: their origins (`https://app.example`), `"*"` for all, or a function.
   * Without it every request that carries an Origin header, as all browsers' do, is refused.
   */
  readonly origins?: "*" | readonly string[] | ((origin: string) => boolean);
}

/** Who takes accepted channels in. */
export interface Reception {
  /** Asked before each upgrade, reserves nothing; `false` answers it with 503. */
  room(): boolean;
  /**
   * A channel that is open and not yet authenticated.
   *
   * @param timeLeft - milliseconds that remain of {@link ListenLimits.handshakeTime}
   */
  accept(channel: Channel, timeLeft: number): void;
}

/** What a reception bounds before the upgrade. */
export interface ListenLimits extends ChannelLimits {
  /**
   * Milliseconds a stranger has, from the moment it connects. The listener cuts it when they end
   * before its upgrade; afterwards the reception does. On a server of the user's they start with the
   * upgrade: what comes before it is that server's to bound.
   */
  readonly handshakeTime: number;
}

/** A place that takes connections in. */
export interface Listener {
  /** The port it listens on; 0 when only {@link Listener.handleUpgrade} feeds it. */
  readonly port: number;
  /** `ws` or `wss`. */
  readonly scheme: "ws" | "wss";
  /** Takes over an upgrade request of a server of the user's. */
  handleUpgrade(request: unknown, socket: unknown, head: Uint8Array): void;
  /** Stops taking connections in; those accepted live on. A server of the user's is left listening. */
  close(): Promise<void>;
}
