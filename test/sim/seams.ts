import { vi } from "vitest";
import type { Clock } from "../../src/async/clock.ts";
import type { Dial } from "../../src/channel/dialing.ts";
import type {
  Listener,
  ListenLimits,
  ListenOptions,
  Reception,
} from "../../src/channel/listening.ts";

/** All that peers otherwise get from the machine. */
export interface World {
  /** Of whoever asks now: a peer takes its clock when it is made. */
  readonly clock: Clock;
  readonly dial: Dial;
  readonly listen: (
    options: ListenOptions,
    reception: Reception,
    limits: ListenLimits,
  ) => Promise<Listener>;
  /** Uniform bytes: keys, ids, jitter, picks. */
  readonly randomBytes: (length: number) => Uint8Array;
}

const entered = vi.hoisted((): { world: World | undefined } => ({ world: undefined }));

/** From now on every peer of this process lives in `world`; `undefined` to leave it. */
export function enter(world: World | undefined): void {
  entered.world = world;
}

/** @throws Error outside of a simulation: nothing here falls back to the machine */
const here = vi.hoisted(() => (): World => {
  if (entered.world === undefined) throw new Error("no simulation runs");
  return entered.world;
});

vi.mock("../../src/async/clock.ts", () => ({
  get systemClock(): Clock {
    return here().clock;
  },
}));
vi.mock("../../src/channel/dial.node.ts", () => ({
  dial: ((url, options) => here().dial(url, options)) satisfies Dial,
}));
vi.mock("../../src/channel/listen.node.ts", () => ({
  listen: ((options, reception, limits) =>
    here().listen(options, reception, limits)) satisfies World["listen"],
  attach: () => {
    throw new Error("a simulated peer listens by itself");
  },
}));
vi.mock("../../src/crypto/default.node.ts", async (original) => {
  const { provider } = await original<typeof import("../../src/crypto/default.node.ts")>();
  return {
    provider: { ...provider, randomBytes: (length: number) => here().randomBytes(length) },
  };
});
// The real one draws for many picks at once, and what is left over would come from another seed.
vi.mock("../../src/peer/balance-random.ts", async () => {
  const { randomFraction } = await import("../../src/crypto/fraction.ts");
  return {
    randomFractions: (provider: Parameters<typeof randomFraction>[0]) => () =>
      randomFraction(provider),
  };
});
