import { type Link, openProxy, type TcpProxy } from "../support/proxy.ts";

/** A way to a peer on which everything may vanish, as in a network that is torn and tells nobody. */
export interface TestWay {
  readonly address: string;
  /** How many have come by it. */
  readonly dials: number;
  /** Bytes that have passed, in both directions. */
  readonly bytes: number;
  /** From now on everything vanishes, what is dialled later, too; or nothing but that. */
  vanish(what?: "later"): void;
  /** Everything passes again; what was there before is cut. */
  appear(): void;
  /** Whoever has come is cut, and may come again. */
  cut(): void;
  /** Nobody is let in any more. */
  close(): void;
}

/** Opens one to a port of loopback, gone when the test has finished. */
export async function openWay(port: number | undefined): Promise<TestWay> {
  let vanishing: "all" | "later" | undefined;
  let dials = 0;
  let bytes = 0;
  const lost = new WeakSet<Link>();
  const proxy: TcpProxy = await openProxy(port, (chunk, direction, at, link) => {
    if (direction === "up" && at === 0) {
      dials++;
      if (vanishing !== undefined) lost.add(link);
    }
    if (vanishing === "all" || lost.has(link)) return undefined;
    bytes += chunk.length;
    return chunk;
  });
  return {
    address: proxy.address,
    get dials() {
      return dials;
    },
    get bytes() {
      return bytes;
    },
    vanish: (what) => {
      vanishing = what ?? "all";
    },
    appear: () => {
      vanishing = undefined;
      proxy.cutAll();
    },
    cut: () => proxy.cutAll(),
    close: () => proxy.close(),
  };
}
