import type { Clock } from "../../src/async/clock.ts";
import { hostOf } from "./host.ts";
import type { LineEnd } from "./line.ts";
import type { Net } from "./net.ts";
import type { Run, Site } from "./site.ts";

/** Tells when what a peer has sent has arrived: from then on the other one can be held to it. */
export class Arrivals {
  readonly #clock: Clock;
  readonly #net: Net;
  readonly #sites: () => readonly Site[];

  constructor(clock: Clock, net: Net, sites: () => readonly Site[]) {
    this.#clock = clock;
    this.#net = net;
    this.#sites = sites;
  }

  /** The same for every site by itself. */
  everywhere(run: Run, then: (site: Site) => void): void {
    for (const site of this.#sites()) this.at(site.name, run, () => then(site));
  }

  /**
   * Runs `then` once all that a run has sent to a site by now has been heard there. Never, when something of
   * it may be lost, or has to wait for a line.
   */
  at(site: string, run: Run, then: () => void): void {
    // What is sent in a tick leaves at its end.
    this.#clock.soon(() => {
      const ways = this.#waysTo(site, run);
      let left = ways.length;
      for (const way of ways) {
        way.behind(() => {
          left--;
          if (left === 0) then();
        });
      }
    });
  }

  /** What all connections to a site go by; nothing when one of them goes by nothing. */
  #waysTo(site: string, run: Run): readonly LineEnd[] {
    const ways: LineEnd[] = [];
    for (const { name, connections } of run.peer.units) {
      if (hostOf(name) !== site) continue;
      for (const { suspended, remoteAddress } of connections) {
        const way = suspended ? undefined : this.#net.way(run.site, remoteAddress);
        if (way?.whole !== true) return [];
        ways.push(way);
      }
    }
    return ways;
  }
}
