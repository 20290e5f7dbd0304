/** One way of moving bytes between two processes, as the benches see it: same work, same calls, for all. */
export interface Subject {
  /** In the server process: listens on a free loopback port. */
  serve(hears: Hears): Promise<Server>;
  /** In the client process: a connection for calls that are answered. */
  caller(port: number): Promise<Caller>;
  /** In the client process: a connection for messages that are not answered. */
  teller(port: number): Promise<Teller>;
  /** In the client process: a connection that receives what the server broadcasts. */
  listener(port: number, delivered: (payload: Uint8Array) => void): Promise<Listener>;
}

/** What the server process is told. */
export interface Hears {
  /** A message of a {@link Teller} arrived. */
  readonly told: (payload: Uint8Array) => void;
  /** A {@link Listener} acknowledged. */
  readonly acknowledged: () => void;
}

export interface Server {
  readonly port: number;
  /** Connected right now and ready to receive. */
  readonly listeners: number;
  /** To every listener. */
  broadcast(payload: Uint8Array): void;
}

interface Closable {
  /** Resolves when nothing of the connection is left on this side. */
  close(): Promise<void>;
}

export interface Caller extends Closable {
  /** `done` gets the echo. A call that fails ends the process: a bench has no use for half a figure. */
  call(payload: Uint8Array, done: (answer: Uint8Array) => void): void;
}

export interface Teller extends Closable {
  tell(payload: Uint8Array): void;
  /** Bytes taken and not yet handed to the system. */
  readonly backlog: number;
  /** Resolves when it pays to go on. */
  drained(): Promise<void>;
}

export interface Listener extends Closable {
  acknowledge(): void;
}
