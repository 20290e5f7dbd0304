/** Somebody on this side who wants to know that nobody waits any more. */
export interface Watcher {
  /** The caller cancelled, or is gone. */
  givenUp(): void;
}

/** What the other side waits for. */
export interface Awaiting {
  /** When it came, in milliseconds of the peer's clock. */
  readonly arrived: number;
  /** Milliseconds the other side will still wait, by this side's clock; `undefined` for ever. */
  readonly timeLeft: number | undefined;
  /** Told when the other side gives up before it has its answer. */
  watcher: Watcher | undefined;
}
