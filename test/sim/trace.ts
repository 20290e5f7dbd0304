/** What happened, by virtual time: the last lines to read, and a sum of all to compare runs by. */
export class Trace {
  readonly #now: () => number;
  readonly #keep: number;
  readonly #lines: string[] = [];
  #sum = 0x811c9dc5;
  #count = 0;
  #marked: readonly string[] | undefined;

  /** @param keep - how many lines there are to read */
  constructor(now: () => number, keep: number) {
    this.#now = now;
    this.#keep = keep;
  }

  add(what: string): void {
    const line = `${this.#now().toFixed(3).padStart(10)} ${what}`;
    this.#count++;
    for (let i = 0; i < line.length; i++) {
      this.#sum = Math.imul(this.#sum ^ line.charCodeAt(i), 0x01000193);
    }
    this.#lines.push(line);
    // Not at each line: to take off the first one moves all the others.
    if (this.#lines.length >= 2 * this.#keep) this.#lines.splice(0, this.#keep);
  }

  /** What came last is what there is to read; a second mark does not move it. */
  mark(): void {
    this.#marked ??= this.#lines.slice(-this.#keep);
  }

  /** The last lines before the mark, or else the end, oldest first. */
  get tail(): readonly string[] {
    return this.#marked ?? this.#lines.slice(-this.#keep);
  }

  /** FNV-1a over every line, and how many there were: the same for the same run. */
  get sum(): string {
    return `${(this.#sum >>> 0).toString(16).padStart(8, "0")}/${this.#count}`;
  }
}
