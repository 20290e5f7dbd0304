/** Bytes that have come since the last acknowledgement, from which on the next record carries one. */
const RIDE_BYTES = 16 * 1024;
/** The same in records. */
const RIDE_RECORDS = 32;
/** Bytes from which on one leaves even where nothing else does. */
const ALONE_BYTES = 256 * 1024;
/** The same in records. */
const ALONE_RECORDS = 64;

/** What has come, and how much of it the other side has been told of: the rest it has to hold. */
export class Receipt {
  #records = 0;
  #told = 0;
  #bytes = 0;

  /** Records that have come. */
  get records(): number {
    return this.#records;
  }

  /** Whether the other side still has to be told of any. */
  get news(): boolean {
    return this.#told < this.#records;
  }

  /** Whether it is time for an acknowledgement that rides on what leaves anyway. */
  get riding(): boolean {
    return this.#bytes >= RIDE_BYTES || this.#records - this.#told >= RIDE_RECORDS;
  }

  /** Whether it is time for one by itself. */
  get alone(): boolean {
    return this.#bytes >= ALONE_BYTES || this.#records - this.#told >= ALONE_RECORDS;
  }

  /** A record has come, and was taken in. */
  took(bytes: number): void {
    this.#records++;
    this.#bytes += bytes;
  }

  /** The other side is told now: of so many. */
  tell(): number {
    this.#told = this.#records;
    this.#bytes = 0;
    return this.#records;
  }
}
