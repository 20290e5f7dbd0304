import type { ChannelEnd, ChannelReceiver } from "../../src/channel/channel.ts";

/** A receiver that remembers what it heard and lets a test wait for it. */
export class Recorder implements ChannelReceiver {
  readonly messages: Uint8Array[] = [];
  readonly ends: ChannelEnd[] = [];
  drains = 0;
  /** Called with each message, after it has been remembered. */
  onMessage: (bytes: Uint8Array) => void = () => {};
  readonly #waiting = new Set<() => void>();

  message(bytes: Uint8Array): void {
    this.messages.push(Uint8Array.from(bytes)); // they are used again
    this.onMessage(bytes);
    this.#wake();
  }

  drained(): void {
    this.drains++;
    this.#wake();
  }

  closed(end: ChannelEnd): void {
    this.ends.push(end);
    this.#wake();
  }

  /** The messages as text. */
  get texts(): string[] {
    return this.messages.map((bytes) => Buffer.from(bytes).toString());
  }

  /** Resolves once the condition holds; it is looked at after everything heard. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Resolves with the first end. */
  async end(): Promise<ChannelEnd> {
    await this.until(() => this.ends.length > 0);
    return this.ends[0] ?? { clean: false, reason: "unreachable" };
  }

  /** Resolves with the first `count` messages. */
  async first(count: number): Promise<Uint8Array[]> {
    await this.until(() => this.messages.length >= count);
    return this.messages.slice(0, count);
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look();
  }
}

/** A few bytes from text. */
export function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text));
}
