import { Deadlines } from "../../src/async/deadlines.ts";
import { Destination } from "../../src/peer/destination.ts";
import type { DestinationOptions } from "../../src/peer/destination-options.ts";
import { Roster } from "../../src/peer/roster.ts";
import { StreamDesk } from "../../src/peer/stream-desk.ts";
import type { Unit } from "../../src/peer/unit.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { deskOf, type FakeConnection, unitOf } from "./fakes.ts";

/** One of the role `greeter`. */
export function destinationOf(
  roster: Roster,
  clock: VirtualClock,
  options: DestinationOptions = {},
): Destination {
  const streams = new StreamDesk(clock, new Deadlines(clock), 60_000);
  return new Destination("greeter", options, roster, deskOf(clock), streams);
}

/** A destination named `greeter` and the units it knows. */
export class Scene {
  readonly clock: VirtualClock = new VirtualClock();
  readonly roster: Roster = new Roster();
  readonly destination: Destination;
  readonly events: string[] = [];

  constructor(options: DestinationOptions = {}) {
    this.destination = destinationOf(this.roster, this.clock, options);
    this.destination.on("open", () => this.events.push("open"));
    this.destination.on("unit", ({ name }) => this.events.push(name));
    this.destination.on("close", () => this.events.push("close"));
  }

  add(
    name: string,
    roles: readonly string[] = ["greeter"],
  ): { unit: Unit; connection: FakeConnection } {
    const made = unitOf(name, roles);
    this.roster.add(made.unit);
    return made;
  }
}
