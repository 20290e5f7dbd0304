import type { Clock, Timer } from "./clock.ts";

/** Something that ends when its time is over. Its links belong to the {@link Deadlines} it waits in. */
export abstract class Expiring {
  /** @internal */
  queue: Queue | undefined;
  /** @internal */
  before: Expiring | undefined;
  /** @internal */
  after: Expiring | undefined;
  /** @internal */
  due = 0;

  /** Its time is over; it waits no longer. */
  abstract expire(): void;
}

/** All that wait equally long, so the first to come is the first to go. */
class Queue {
  head: Expiring | undefined;
  tail: Expiring | undefined;
  timer: Timer | undefined;
  readonly ms: number;

  constructor(ms: number) {
    this.ms = ms;
  }

  append(entry: Expiring): void {
    entry.queue = this;
    entry.before = this.tail;
    if (this.tail === undefined) this.head = entry;
    else this.tail.after = entry;
    this.tail = entry;
  }

  unlink(entry: Expiring): void {
    if (entry.before === undefined) this.head = entry.after;
    else entry.before.after = entry.after;
    if (entry.after === undefined) this.tail = entry.before;
    else entry.after.before = entry.before;
    entry.before = undefined;
    entry.after = undefined;
    entry.queue = undefined;
  }
}

/**
 * Thousands of deadlines on a handful of timers: entries of the same duration form a queue with one
 * timer for its head. Adding and removing take constant time; removing never touches a timer, which
 * at its next turn finds that the head has changed and waits on. These timers alone keep no process
 * alive: what waits for an answer has a socket that does.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #queues = new Map<number, Queue>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Starts `entry`'s time of `ms` milliseconds. It may wait in one place only. */
  add(entry: Expiring, ms: number): void {
    let queue = this.#queues.get(ms);
    if (queue === undefined) {
      queue = new Queue(ms);
      this.#queues.set(ms, queue);
    }
    entry.due = this.#clock.now() + ms;
    queue.append(entry);
    if (queue.timer === undefined) this.#arm(queue, ms);
  }

  /** Stops the time of `entry`; harmless when it does not wait. */
  remove(entry: Expiring): void {
    entry.queue?.unlink(entry);
  }

  /** Drops every timer and entry without running anything. */
  clear(): void {
    for (const queue of this.#queues.values()) {
      queue.timer?.cancel();
      while (queue.head !== undefined) queue.unlink(queue.head);
    }
    this.#queues.clear();
  }

  #arm(queue: Queue, ms: number): void {
    queue.timer = this.#clock.after(ms, () => this.#turn(queue), true);
  }

  #turn(queue: Queue): void {
    const now = this.#clock.now();
    let head = queue.head;
    // Half a millisecond: platform timers may fire that much before their time.
    try {
      while (head !== undefined && head.due <= now + 0.5) {
        queue.unlink(head);
        head.expire();
        head = queue.head;
      }
    } finally {
      head = queue.head;
      if (head !== undefined) this.#arm(queue, head.due - now);
      else if (this.#queues.get(queue.ms) === queue) this.#queues.delete(queue.ms);
    }
  }
}
