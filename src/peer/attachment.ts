import type {
  Connection,
  ConnectionOwner,
  IncomingRequest,
  RoleList,
} from "../connection/connection.ts";
import type { IncomingStream } from "../connection/stream.ts";
import type { TroupeError } from "../errors.ts";
import type { Payload } from "../frame/payload.ts";
import type { Metadata, Name } from "../frame/type.ts";
import type { Connected } from "./dialer.ts";
import type { Dispatch } from "./dispatch.ts";
import type { Roles } from "./roles.ts";
import type { Roster } from "./roster.ts";
import { Unit } from "./unit.ts";

/** What all connections of a peer work on. */
export interface Members {
  readonly roles: Roles;
  readonly roster: Roster;
  readonly dispatch: Dispatch;
  /** The connections that are open. */
  readonly connections: Set<Connection>;
  /** A new unit is there. */
  readonly met: (unit: Unit) => void;
  /** A unit is gone. */
  readonly parted: (unit: Unit, reason: TroupeError) => void;
  /** A connection that was open has lost its channel, or has ended. */
  readonly cut: (remoteAddress: string, reason: TroupeError) => void;
  /** A connection is open; everybody has been told. */
  readonly opened: (connection: Connection) => void;
  /** A connection waits for another channel. */
  readonly suspended: (unit: Unit, connection: Connection) => void;
  /** A connection does so no longer: it has one, or is over. */
  readonly resumed: (connection: Connection) => void;
  /** Something that others may wait for has happened: a connection is idle, or ended. */
  readonly changed: () => void;
  /** A channel is closed. */
  readonly gone: () => void;
}

/** What becomes of a channel, for whoever brought it. */
export interface Outcome {
  opened(connected: Connected): void;
  /** A connection that was there before goes on by it. */
  joined?(): void;
  failed(reason: TroupeError): void;
  /** It was open, and is lost. */
  lost?(reason: TroupeError): void;
}

/** What ties one connection to its unit and its peer, from its opening to its end. */
export class Attachment implements ConnectionOwner {
  readonly #members: Members;
  /** Once the connection is open, only who wants to hear of its loss is kept. */
  #outcome: Outcome | undefined;
  #unit: Unit | undefined;
  #connection: Connection | undefined;

  constructor(members: Members, outcome: Outcome) {
    this.#members = members;
    this.#outcome = outcome;
  }

  opened(connection: Connection, list: RoleList, told: number): void {
    const { roster, roles, connections, met } = this.#members;
    const { remote } = connection;
    const known = roster.find(remote.id, remote.instance);
    const unit = known ?? new Unit(remote);
    this.#unit = unit;
    this.#connection = connection;
    connections.add(connection);
    const before = unit.suspended;
    unit.attach(connection);
    // A role may have changed between the telling and this moment.
    if (told !== roles.number) connection.announce(roles.list, true);
    if (known === undefined) {
      unit.learn(list, true);
      roster.add(unit);
    } else {
      roster.learn(unit, list, true);
    }
    this.#tell(unit, before);
    // A listener may have closed it by now.
    if (known === undefined && !unit.closed) met(unit);
    const outcome = this.#outcome;
    if (outcome?.lost === undefined) this.#outcome = undefined;
    // Closed or not: whoever brought the channel waits for this, and looks whether it is open.
    outcome?.opened({ unit, connection });
    this.#members.opened(connection);
  }

  joined(): void {
    this.#outcome?.joined?.();
  }

  failed(reason: TroupeError): void {
    this.#outcome?.failed(reason);
  }

  message(name: Name, metadata: Metadata | undefined, payload: Payload): void {
    if (this.#unit !== undefined)
      this.#members.dispatch.message(this.#unit, name, metadata, payload);
  }

  request(request: IncomingRequest): void {
    if (this.#unit !== undefined) this.#members.dispatch.request(this.#unit, request);
  }

  stream(stream: IncomingStream): void {
    if (this.#unit !== undefined) this.#members.dispatch.stream(this.#unit, stream);
  }

  roles(list: RoleList, full: boolean): void {
    if (this.#unit !== undefined) this.#members.roster.learn(this.#unit, list, full);
  }

  draining(): void {
    if (this.#unit !== undefined) this.#members.roster.drain(this.#unit);
  }

  drained(): void {
    this.#unit?.released();
  }

  idle(): void {
    this.#members.changed();
  }

  suspended(reason: TroupeError): void {
    const unit = this.#unit;
    const connection = this.#connection;
    if (unit === undefined || connection === undefined) return;
    const before = unit.suspended;
    unit.weigh();
    this.#members.suspended(unit, connection);
    this.#members.cut(connection.remoteAddress, reason);
    this.#tell(unit, before, reason);
  }

  resumed(): void {
    const unit = this.#unit;
    const connection = this.#connection;
    if (unit === undefined || connection === undefined) return;
    const before = unit.suspended;
    unit.weigh();
    this.#members.resumed(connection);
    this.#tell(unit, before);
  }

  closed(reason: TroupeError): void {
    const unit = this.#unit;
    const connection = this.#connection;
    if (unit === undefined || connection === undefined) return;
    const { roster, connections, changed, parted, cut, resumed } = this.#members;
    connections.delete(connection);
    resumed(connection);
    const before = unit.suspended;
    const last = unit.detach(connection, reason);
    if (last) roster.remove(unit);
    else this.#tell(unit, before, reason);
    // Before anybody is told: whoever dials the address again now shall not be given what is gone.
    this.#outcome?.lost?.(reason);
    if (last) parted(unit, reason);
    changed();
    cut(connection.remoteAddress, reason);
  }

  gone(): void {
    this.#members.gone();
  }

  /** Tells everybody who has to know whether the unit is reached, if that has changed. */
  #tell(unit: Unit, before: boolean, reason?: TroupeError): void {
    if (unit.suspended === before) return;
    const { roster } = this.#members;
    if (!unit.suspended) {
      roster.resume(unit);
      unit.emit("resume");
    } else if (reason !== undefined) {
      roster.suspend(unit);
      unit.emit("suspend", reason);
    }
  }
}
