/**
 * What the bench says to its children and what they answer, over Node's IPC.
 *
 * A child does one thing at a time: `echo`, `oneway`, `listen`, `broadcast` and their like start it and
 * answer at once, `stop` ends it. A server takes its end of a stream without being asked. In between, `mark` takes readings; a rate is the difference of two
 * readings of one child by its own clock, so it does not matter how long the question travels.
 */

/** A reading of a child at one moment. */
export interface Mark {
  /** Milliseconds by the child's own clock. */
  readonly at: number;
  /** What it has counted so far: answers it got, messages or deliveries that arrived, bytes of a stream. */
  readonly count: number;
  /** Microseconds of processor time, user and system, all threads. */
  readonly cpu: number;
}

/** Of the calls between the last `mark` and the one before it, milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** After a full garbage collection, bytes. */
export interface Memory {
  /** The JavaScript heap in use and what hangs on it outside (buffers among it). */
  readonly held: number;
  /** Resident set: also native memory, but with what the allocator has not given back. */
  readonly rss: number;
}

export interface WorkAsk {
  readonly port: number;
  /** Milliseconds of processor time for each call. */
  readonly work: number;
  /** Milliseconds within which an answer counts. */
  readonly deadline: number;
  readonly offered: { readonly inFlight: number } | { readonly perSecond: number };
}

export interface Talk {
  /** Server: listens; answers the port. */
  serve: { ask: null; answer: number };
  /** Server: waits until exactly that many listeners are connected. */
  reached: { ask: { readonly listeners: number }; answer: null };
  /** Server: broadcasts to all listeners, keeping `window` of them outstanding. */
  broadcast: { ask: { readonly bytes: number; readonly window: number }; answer: null };
  /** Client: calls the server, keeping `inFlight` calls outstanding. */
  echo: {
    ask: { readonly port: number; readonly bytes: number; readonly inFlight: number };
    answer: null;
  };
  /** Client: sends messages without answers, as fast as back-pressure lets it. */
  oneway: { ask: { readonly port: number; readonly bytes: number }; answer: null };
  /** Client: opens connections that receive broadcasts and acknowledge each complete one. */
  listen: { ask: { readonly port: number; readonly connections: number }; answer: null };
  /** Client: the same as `echo`, on a connection that ends with its channel. */
  fleeting: {
    ask: { readonly port: number; readonly bytes: number; readonly inFlight: number };
    answer: null;
  };
  /** Client: the same as `echo`, but each call is a stream of its own. */
  exchange: {
    ask: { readonly port: number; readonly bytes: number; readonly inFlight: number };
    answer: null;
  };
  /** Client: opens a stream that the server fills. Stop the server first: that ends the stream. */
  download: { ask: { readonly port: number }; answer: null };
  /** Client: opens a stream and fills it. Stop the client first. */
  upload: { ask: { readonly port: number }; answer: null };
  /** Client: an `echo` with one in flight, on the connection of a `download`. Stop the server first. */
  beside: { ask: { readonly port: number; readonly bytes: number }; answer: null };
  /**
   * Client: asks for work, either with so many calls outstanding or so many a second, whatever comes
   * back. Counts answers that come within the deadline.
   */
  work: { ask: WorkAsk; answer: null };
  mark: { ask: null; answer: Mark };
  memory: { ask: null; answer: Memory };
  /** Ends what was started; what calls answers with its latencies. */
  stop: { ask: null; answer: Latency | null };
}

export interface Question<What extends keyof Talk = keyof Talk> {
  readonly what: What;
  readonly ask: Talk[What]["ask"];
}

/** The answer to the oldest open question. */
export interface Answer {
  readonly answer: Talk[keyof Talk]["answer"];
}
