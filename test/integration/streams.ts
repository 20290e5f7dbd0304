import { createHash } from "node:crypto";
import { Duplex, Readable, Writable } from "node:stream";
import { type Destination, type Peer, type PeerOptions, TroupeError, type Unit } from "troupe";
import { expect } from "vitest";
import { addressOf, listening, newPeer, next, signal, turn } from "../support/mesh.ts";
import { openProxy, type TcpProxy } from "../support/proxy.ts";

/** What a stream is to its opener. */
export type Kind = "readable" | "writable" | "duplex";
export const KINDS: readonly Kind[] = ["readable", "writable", "duplex"];

/** Either end of a stream. */
export type End = Readable | Writable | Duplex;

/** A role `svc`, somebody who calls it, and each as a unit of the other. */
export interface Stage {
  readonly server: Peer;
  readonly client: Peer;
  readonly svc: Destination;
  readonly there: Unit;
  readonly back: Unit;
}

/** Two peers; `svc` answers `ping`. */
export async function stage(server: object = {}, client: object = {}): Promise<Stage> {
  const listener = await listening({ name: "server", ...server });
  return meet(listener, addressOf(listener), client);
}

/**
 * The same with a proxy between them, by which their channel can be cut.
 *
 * @param server - its options
 */
export async function cuttable(
  server: PeerOptions = {},
): Promise<Stage & { readonly proxy: TcpProxy }> {
  const listener = await listening({ name: "server", ...server });
  const proxy = await openProxy(listener.port);
  return { ...(await meet(listener, proxy.address, {})), proxy };
}

async function meet(server: Peer, address: string, options: object): Promise<Stage> {
  server.role("svc").onRequest("ping", () => "pong");
  const client = newPeer({ name: "client", ...options });
  const met = next(server, "unit");
  const { unit: there } = await client.connect(address, { permanent: false });
  const [back] = await met;
  const svc = await client.destination("svc").whenReady();
  return { server, client, svc, there, back };
}

/** Opens a stream of a kind. */
export function open(
  svc: Destination,
  kind: Kind,
  ...rest: Parameters<Destination["duplex"]>
): End {
  if (kind === "readable") return svc.readable(...rest);
  return kind === "writable" ? svc.writable(...rest) : svc.duplex(...rest);
}

/** What a handler of any kind does with its end. It answers as the handler does. */
type AnyHandler = (
  end: End,
  ctx: { readonly data: unknown; readonly signal: AbortSignal },
) => unknown;

/** Handles streams of every kind in the same way. */
export function handle(server: Peer, event: string, handler: AnyHandler): void {
  const role = server.role("svc");
  role.onReadable(event, (ctx) => handler(ctx.readable, ctx));
  role.onWritable(event, (ctx) => handler(ctx.writable, ctx));
  role.onDuplex(event, (ctx) => handler(ctx.duplex, ctx));
}

/** `length` bytes, the same for the same seed, and unlike those of another. */
export function content(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = seed >>> 0 || 1;
  const words = length - (length % 4);
  for (let at = 0; at < words; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes.writeInt32LE(state | 0, at);
  }
  bytes.fill(seed & 0xff, words);
  return bytes;
}

/** So many bytes in chunks of 64 KiB, always the same one. */
export function* endless(bytes: number): Generator<Buffer> {
  const chunk = content(64 * 1024);
  for (let left = bytes; left > 0; left -= chunk.length) yield chunk.subarray(0, left);
}

export const hashOf = (bytes: Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");

/** Reads to the end. */
export async function digest(stream: Readable): Promise<{ bytes: number; hash: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, hash: hash.digest("hex") };
}

/** What became of an end: all of its events that say so, in order. */
export class Fate {
  readonly events: string[] = [];
  readonly closed: Promise<void>;
  readonly end: End;
  error: unknown;

  constructor(end: End) {
    this.end = end;
    const { promise, fire } = signal();
    this.closed = promise;
    for (const name of ["end", "finish"]) end.on(name, () => this.events.push(name));
    end.on("error", (error: unknown) => {
      this.events.push("error");
      this.error = error;
    });
    end.on("close", () => {
      this.events.push("close");
      fire();
    });
  }

  /** How often something happened. */
  count(name: string): number {
    return this.events.filter((event) => event === name).length;
  }
}

export const isReadable = (end: End): end is Readable => end instanceof Readable;
export const isWritable = (end: End): end is Writable =>
  end instanceof Writable || end instanceof Duplex;

/** The error that an end fails with. */
export async function failureOf(end: End): Promise<TroupeError> {
  const error = await new Promise<unknown>((resolve) => {
    if (end.errored) resolve(end.errored);
    end.once("error", resolve);
    end.once("close", () => resolve("no error"));
  });
  if (error instanceof TroupeError) return error;
  throw new Error(`not a TroupeError: ${String(error)}`);
}

/** Neither side knows of any call or stream any more, soon. */
export async function expectIdle({ there, back }: Pick<Stage, "there" | "back">): Promise<void> {
  const begun = performance.now();
  while (there.load + back.load > 0 && performance.now() - begun < 5000) await turn();
  expect([there.load, back.load]).toEqual([0, 0]);
}
