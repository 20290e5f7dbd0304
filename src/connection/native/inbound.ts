import { broken } from "../../errors.ts";
import type { Payload } from "../../frame/payload.ts";
import type { FrameSink, Metadata, Name, RoleState } from "../../frame/type.ts";
import type { Call, ConnectionOwner, RoleList } from "../connection.ts";
import type { Pending } from "../pending.ts";
import { refusalError, remoteError, resetError } from "../remote-code.ts";
import type { Serving } from "./serving.ts";
import type { Streams } from "./streams.ts";

/** The connection that frames arrive at. */
export interface Host {
  /** The other side introduces itself. */
  introduced(about: Payload): void;
  /** It has told its roles, too: from now on everything may come. */
  opened(roles: RoleList): void;
  /** It wants to know whether we are there. */
  pinged(nonce: number): void;
  /** It is there. */
  ponged(nonce: number): void;
  /** So many of our records have come. */
  acknowledged(records: number): void;
  /** It goes on with this connection by this channel; so many of our records had come. */
  welcomed(records: number): void;
  /** A call was settled. */
  settled(): void;
  /** The streams of this connection. */
  readonly streams: Streams;
  /** It says goodbye. */
  goodbye(code: string, message: string): void;
}

/** What the other side's frames do: a sink that acts. Whatever it throws cuts the connection. */
export class Inbound implements FrameSink {
  readonly #host: Host;
  readonly #owner: ConnectionOwner;
  readonly #pending: Pending<Call>;
  readonly #serving: Serving;
  #expects: "hello" | "roles" | "anything" = "hello";
  #rolesNumber = -1;
  #uncounted = 0;

  constructor(host: Host, owner: ConnectionOwner, pending: Pending<Call>, serving: Serving) {
    this.#host = host;
    this.#owner = owner;
    this.#pending = pending;
    this.#serving = serving;
  }

  /** Frames that make no record count: what they say is about a channel, and need not arrive. */
  get uncounted(): number {
    return this.#uncounted;
  }

  hello(about: Payload): void {
    if (this.#expects !== "hello") throw broken("a second HELLO");
    this.#expects = "roles";
    this.#host.introduced(about);
  }

  roles(number: number, full: boolean, roles: readonly RoleState[]): void {
    if (this.#expects === "roles" && full) {
      this.#expects = "anything";
      this.#rolesNumber = number;
      this.#host.opened({ number, roles });
      return;
    }
    const owner = this.#opened("ROLES");
    if (number <= this.#rolesNumber) return;
    this.#rolesNumber = number;
    owner.roles({ number, roles }, full);
  }

  message(name: Name, metadata: Metadata | undefined, payload: Payload): void {
    this.#opened("MESSAGE").message(name, metadata, payload);
  }

  request(
    correlation: number,
    name: Name,
    deadline: number,
    metadata: Metadata | undefined,
    payload: Payload,
  ): void {
    const owner = this.#opened("REQUEST");
    owner.request(this.#serving.add(correlation, name, deadline, metadata, payload));
  }

  response(correlation: number, payload: Payload): void {
    this.#pending.take(correlation)?.answer(payload);
    this.#host.settled();
  }

  reject(correlation: number, code: string, message: string, details: Payload): void {
    // Read first: details that cannot be read end the connection, and this call with it.
    const error = remoteError(code, message, details);
    this.#pending.take(correlation)?.fail(error);
    this.#host.settled();
  }

  cancel(correlation: number): void {
    this.#opened("CANCEL");
    this.#serving.cancel(correlation);
  }

  ping(nonce: number): void {
    this.#opened("PING");
    this.#uncounted++;
    this.#host.pinged(nonce);
  }

  pong(nonce: number): void {
    this.#uncounted++;
    this.#host.ponged(nonce);
  }

  ack(records: number): void {
    this.#uncounted++;
    this.#host.acknowledged(records);
  }

  resume(records: number): void {
    this.#uncounted++;
    this.#host.welcomed(records);
  }

  drain(): void {
    this.#opened("DRAIN").draining();
  }

  close(code: string, message: string): void {
    this.#host.goodbye(code, message);
  }

  open(
    stream: number,
    halves: number,
    name: Name,
    deadline: number,
    credit: number,
    metadata: Metadata | undefined,
    payload: Payload,
  ): void {
    this.#streams("OPEN").asked(stream, halves, name, deadline, credit, metadata, payload);
  }

  accept(stream: number, credit: number, payload: Payload): void {
    this.#streams("ACCEPT").accepted(stream, credit, payload);
  }

  refuse(stream: number, code: string, message: string, details: Payload): void {
    this.#streams("REFUSE").refused(stream, refusalError(code, message, details));
  }

  data(stream: number, bytes: Uint8Array): void {
    this.#streams("DATA").find(stream)?.data(bytes);
  }

  end(stream: number): void {
    this.#streams("END").find(stream)?.ended();
  }

  reset(stream: number, halves: number, code: string, message: string): void {
    this.#streams("RESET").find(stream)?.reset(halves, resetError(code, message));
  }

  credit(stream: number, bytes: number): void {
    this.#streams("CREDIT").find(stream)?.granted(bytes);
  }

  #streams(frame: string): Streams {
    this.#opened(frame);
    return this.#host.streams;
  }

  #opened(frame: string): ConnectionOwner {
    if (this.#expects !== "anything") throw broken(`${frame} before HELLO and ROLES`);
    return this.#owner;
  }
}
