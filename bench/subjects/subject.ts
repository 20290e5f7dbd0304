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
  /** In the client process: a connection with a stream that the server fills, and calls beside it. */
  reader(port: number, flow: Flow): Promise<Caller>;
  /** In the client process: a connection with a stream to fill. */
  writer(port: number): Promise<Writer>;
  /** In the client process: a connection for calls that ends with its channel. For those who have others. */
  fleeting?(port: number): Promise<Caller>;
  /**
   * In the client process: a connection on which each call is a stream of its own, opened for it and
   * closed after the payload has gone there and back. Not for those who have no streams to open.
   */
  exchanger?(port: number): Promise<Caller>;
  /** In the client process: a connection for calls that keep the server busy. For those who have deadlines. */
  worker?(port: number): Promise<Worker>;
}

/** What the server process is told. */
export interface Hears {
  /** A message of a {@link Teller} arrived. */
  readonly told: (payload: Uint8Array) => void;
  /** A {@link Listener} acknowledged. */
  readonly acknowledged: () => void;
  /** A client reads: the stream to fill. */
  readonly reads: (sink: Sink) => void;
  /** A client writes: where what comes is to go. */
  readonly writes: () => Flow;
}

/** The end of a stream that is filled. */
export interface Sink {
  /** @returns whether there is room for more; if not, {@link Sink.drained} must be awaited first */
  write(chunk: Uint8Array): boolean;
  /** Resolves when there is room again. */
  drained(): Promise<void>;
  /** Nothing more comes. Resolves when everything has been handed over. */
  end(): Promise<void>;
}

/** The end of a stream that bytes come out of, in order, cut as it happens. */
export interface Flow {
  piece(bytes: Uint8Array): void;
  /** It was ended by who fills it. */
  end(): void;
}

interface Closable {
  /** Resolves when nothing of the connection, or the server, is left on this side. */
  close(): Promise<void>;
}

export interface Server extends Closable {
  readonly port: number;
  /** Connected right now and ready to receive. */
  readonly listeners: number;
  /** To every listener. */
  broadcast(payload: Uint8Array): void;
}

export interface Caller extends Closable {
  /** `done` gets the echo. A call that fails ends the process: a bench has no use for half a figure. */
  call(payload: Uint8Array, done: (answer: Uint8Array) => void): void;
}

export interface Worker extends Closable {
  /** `done` is told whether the call was answered within the deadline; both times are milliseconds. */
  ask(work: number, deadline: number, done: (answered: boolean) => void): void;
}

export interface Teller extends Closable {
  tell(payload: Uint8Array): void;
  /** Bytes taken and not yet handed to the system. */
  readonly backlog: number;
  /** Resolves when it pays to go on. */
  drained(): Promise<void>;
}

export interface Writer extends Sink, Closable {}

export interface Listener extends Closable {
  acknowledge(): void;
}
