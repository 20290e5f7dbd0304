import { badArgument } from "../errors.ts";
import type { ChannelEnd, ChannelReceiver } from "./channel.ts";

/** What a channel hands to its receiver: keeps what comes before there is one, and ends once. */
export class Inbox {
  readonly #keepBytes: number;
  #receiver: ChannelReceiver | undefined;
  #kept: Uint8Array[] | undefined;
  #keptBytes = 0;
  #shut = false;
  #end: ChannelEnd | undefined;

  /** @param keepBytes - how much may wait for a receiver */
  constructor(keepBytes: number) {
    this.#keepBytes = keepBytes;
  }

  /** Names the receiver and hands over what has been kept. */
  start(receiver: ChannelReceiver): void {
    if (this.#receiver !== undefined) {
      throw badArgument("this channel has a receiver: start it once");
    }
    this.#receiver = receiver;
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    for (const bytes of kept) {
      if (!this.#shut) receiver.message(bytes);
    }
    if (this.#end !== undefined) receiver.closed(this.#end);
  }

  /** @returns false when too much waits for a receiver: the channel is to be cut */
  message(bytes: Uint8Array): boolean {
    if (this.#shut || this.#end !== undefined) return true;
    if (this.#receiver !== undefined) {
      this.#receiver.message(bytes);
      return true;
    }
    this.#keptBytes += bytes.length;
    if (this.#keptBytes > this.#keepBytes) return false;
    this.#kept ??= [];
    this.#kept.push(bytes.slice());
    return true;
  }

  /** What was sent has left. */
  drained(): void {
    if (!this.#shut) this.#receiver?.drained();
  }

  /** Nothing but the end is handed over from here on. */
  shut(): void {
    this.#shut = true;
    this.#kept = undefined;
  }

  /** The end; a second one is ignored. */
  close(end: ChannelEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#receiver?.closed(end);
  }
}
