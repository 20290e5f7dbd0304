import { Deadlines } from "../../src/async/deadlines.ts";
import type { Call, Connection, RemotePeer, RoleList } from "../../src/connection/connection.ts";
import type { Opening, StreamEnd, StreamUser } from "../../src/connection/stream.ts";
import type { TroupeError } from "../../src/errors.ts";
import { encodePayload, type Payload } from "../../src/frame/payload.ts";
import type { Metadata, Name } from "../../src/frame/type.ts";
import { RequestDesk } from "../../src/peer/request.ts";
import { Unit } from "../../src/peer/unit.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** What a remote peer is, as far as a test does not say otherwise. */
export const remotePeer = (about: Partial<RemotePeer> = {}): RemotePeer => ({
  id: "0a".repeat(32),
  instance: "01".repeat(16),
  keyId: undefined,
  name: "",
  friendly: true,
  addresses: [],
  tags: {},
  meta: {},
  ...about,
});

/** A connection that remembers what it was asked to do. */
export class FakeConnection implements Connection {
  readonly remote: RemotePeer;
  readonly remoteAddress = "fake:1";
  readonly dialed = true;
  open = true;
  suspended = false;
  readonly resumption: undefined;
  readonly drainKnown = true;
  load = 0;
  buffered = 0;
  congested = false;
  rtt: number | undefined;
  readonly sent: string[] = [];
  readonly calls: Call[] = [];
  readonly cancelled: Call[] = [];
  /** Of all requests so far. */
  readonly deadlines: number[] = [];
  /** Metadata and bytes of the last request. */
  asked: [metadata: Metadata | undefined, bytes: number[]] | undefined;
  readonly closed: TroupeError[] = [];
  /** Thrown by `send` and `request`. */
  fault: TroupeError | undefined;

  constructor(remote: RemotePeer = remotePeer()) {
    this.remote = remote;
  }

  send(name: Name, _metadata: Metadata | undefined, _payload: Payload): void {
    if (this.fault !== undefined) throw this.fault;
    this.sent.push(`${name.role}/${name.event}`);
  }

  request(
    call: Call,
    _name: Name,
    deadline: number,
    metadata: Metadata | undefined,
    payload: Payload,
  ): void {
    if (this.fault !== undefined) throw this.fault;
    this.deadlines.push(deadline);
    this.asked = [metadata, [...payload.bytes]];
    this.load++;
    this.calls.push(call);
  }

  stream(_opening: Opening, user: StreamUser): StreamEnd {
    if (this.fault !== undefined) throw this.fault;
    this.load++;
    const end: StreamEnd = {
      write: () => true,
      end: () => true,
      abort: () => {},
      demand: () => {},
      read: () => {},
      stop: () => {},
    };
    user.begin(end);
    return end;
  }

  /** Answers the oldest call that has none. */
  answer(data: unknown): void {
    this.load--;
    this.calls.shift()?.answer(encodePayload(data));
  }

  /** Fails the oldest call. */
  fail(error: TroupeError): void {
    this.load--;
    this.calls.shift()?.fail(error);
  }

  cancel(call: Call): void {
    this.load--;
    this.cancelled.push(call);
  }

  announce(): void {}

  drain(): void {}

  close(reason: TroupeError): void {
    this.open = false;
    this.closed.push(reason);
  }

  abort(reason: TroupeError): void {
    this.close(reason);
  }
}

/** What requests share, on a clock that stands still. */
export const deskOf = (clock: VirtualClock = new VirtualClock()): RequestDesk =>
  new RequestDesk(clock, new Deadlines(clock), 60_000);

/** A unit with one connection. */
export function unitOf(
  name: string,
  roles: readonly string[] = [],
): { unit: Unit; connection: FakeConnection } {
  const instance = Buffer.from(name).toString("hex").padStart(32, "0");
  const connection = new FakeConnection(remotePeer({ name, instance }));
  const unit = new Unit(connection.remote);
  unit.attach(connection);
  unit.learn(roleList(0, roles), true);
  return { unit, connection };
}

/** Active roles as they are announced; a name that begins with `!` is inactive. */
export const roleList = (number: number, names: readonly string[]): RoleList => ({
  number,
  roles: names.map((name) => ({
    name: name.replace("!", ""),
    active: !name.startsWith("!"),
    version: "",
  })),
});
