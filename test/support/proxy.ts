import { connect, createServer, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** Which way bytes go: from whoever dialled, or back to it. */
export type Direction = "up" | "down";

/** What becomes of bytes on their way; `undefined` when they are lost. `at` is how many went before them. */
export type Tamper = (
  chunk: Buffer,
  direction: Direction,
  at: number,
  link: Link,
) => Buffer | undefined;

/** A connection that goes through a {@link TcpProxy}. */
export class Link {
  readonly #dialer: Socket;
  readonly #listener: Socket;
  readonly #tamper: Tamper;
  readonly #bytes: Record<Direction, number> = { up: 0, down: 0 };

  constructor(dialer: Socket, listener: Socket, tamper: Tamper) {
    this.#dialer = dialer;
    this.#listener = listener;
    this.#tamper = tamper;
    this.#pipe(dialer, listener, "up");
    this.#pipe(listener, dialer, "down");
  }

  /** Both sockets end at once. */
  cut(): void {
    this.#dialer.destroy();
    this.#listener.destroy();
  }

  /** Both ends get a reset, as from a machine that has lost its memory. */
  reset(): void {
    this.#dialer.resetAndDestroy();
    this.#listener.resetAndDestroy();
  }

  /** Nothing goes through any more, or not in one direction, and nobody is told: as when a cable is pulled. */
  stall(direction?: Direction): void {
    if (direction !== "down") this.#dialer.pause();
    if (direction !== "up") this.#listener.pause();
  }

  /** What was held up by {@link stall} goes through, and all that follows. */
  resume(): void {
    this.#dialer.resume();
    this.#listener.resume();
  }

  /** Something of the proxy's own, as if the other end had sent it. */
  inject(direction: Direction, bytes: Uint8Array): void {
    (direction === "up" ? this.#listener : this.#dialer).write(bytes);
  }

  #pipe(from: Socket, to: Socket, direction: Direction): void {
    from.on("data", (chunk: Buffer) => {
      const at = this.#bytes[direction];
      this.#bytes[direction] += chunk.length;
      const passed = this.#tamper(chunk, direction, at, this);
      if (passed !== undefined) to.write(passed);
    });
    from.on("error", () => {});
    from.on("close", () => to.destroy());
    from.on("end", () => to.end());
  }
}

/** Stands between two peers, passes bytes on, and does to them what a test wants. */
export class TcpProxy {
  readonly links: Link[] = [];
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Where to dial, instead of the peer behind it. */
  get address(): string {
    const address = this.#server.address();
    return `ws://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  }

  /** The connection made last. */
  get last(): Link {
    const link = this.links.at(-1);
    if (link === undefined) throw new Error("nobody has come yet");
    return link;
  }

  /** Whoever has come is cut, and forgotten. */
  cutAll(): void {
    for (const link of this.links.splice(0)) link.cut();
  }

  /** Cuts all, and lets nobody come any more. */
  close(): void {
    this.cutAll();
    this.#server.close();
  }
}

/** A proxy in front of a port of loopback, gone when the test has finished. */
export async function openProxy(
  port: number | undefined,
  tamper: Tamper = (chunk) => chunk,
): Promise<TcpProxy> {
  const server = createServer();
  const proxy = new TcpProxy(server);
  server.on("connection", (dialer) => {
    const listener = connect({ port: port ?? 0, host: "127.0.0.1" });
    proxy.links.push(new Link(dialer, listener, tamper));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => proxy.close());
  return proxy;
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Turns one bit over in each connection, in one direction by turns, at a random place.
 *
 * @param from - bytes that pass untouched at first, such as a handshake
 * @param within - bytes after these in which the bit lies
 */
export function flipOneBit(seed: number, from: number, within: number): Tamper {
  const random = randomFrom(seed);
  const places = new Map<Link, { direction: Direction; at: number; bit: number }>();
  return (chunk, direction, at, link) => {
    let place = places.get(link);
    if (place === undefined) {
      place = {
        direction: places.size % 2 === 0 ? "up" : "down",
        at: from + Math.floor(random() * within),
        bit: 1 << Math.floor(random() * 8),
      };
      places.set(link, place);
    }
    const index = place.at - at;
    if (direction === place.direction && index >= 0 && index < chunk.length) {
      chunk[index] = (chunk[index] ?? 0) ^ place.bit;
    }
    return chunk;
  };
}
