import { type BenchName, type Pace, type SubjectName, takesPart } from "./benches.ts";
import { chooseCores } from "./cores.ts";
import { type Facts, measure, warmUp } from "./measure.ts";
import type { Options } from "./options.ts";
import { Pair } from "./pair.ts";

/** Of each bench and each subject the facts of each round. */
export type Results = ReadonlyMap<BenchName, ReadonlyMap<SubjectName, Facts[]>>;

/** The bench that is not about speed. */
const MEMORY: BenchName = "idle-connection";

/** All rounds of the chosen benches and subjects. */
export class Run {
  readonly #options: Options;
  readonly #startPair: (subject: SubjectName) => Promise<Pair>;
  readonly #progress: (text: string) => void;
  readonly #results: Results;

  /**
   * @param script path of the built child
   * @param progress is told what is being done, for people
   */
  constructor(script: string, options: Options, progress: (text: string) => void) {
    const cores = chooseCores();
    this.#options = options;
    this.#startPair = (subject) => Pair.start(script, subject, cores);
    this.#progress = progress;
    this.#results = new Map(
      options.benches.map((bench) => [
        bench,
        new Map(this.#entrants(bench).map((subject): [SubjectName, Facts[]] => [subject, []])),
      ]),
    );
  }

  /** @throws Error with its stderr when a child fails; no child is left then */
  async run(): Promise<Results> {
    const { benches } = this.#options;
    if (benches.includes(MEMORY)) await this.#memory();
    const speed = benches.filter((bench) => bench !== MEMORY);
    if (speed.length > 0) await this.#speed(speed);
    return this.#results;
  }

  /** In new processes each time: others hold what earlier work has left. */
  async #memory(): Promise<void> {
    await this.#rounds(MEMORY, async () => {
      for (const subject of this.#entrants(MEMORY)) {
        await this.#with([subject], (pairs) => this.#inTurn(MEMORY, pairs));
      }
    });
  }

  /**
   * One bench after the other, each in processes of its own that live for all its rounds: code is
   * compiled in their first seconds, on the very core that is measured, and what an earlier load has
   * left in a heap decides how often a later one is interrupted to collect it.
   */
  async #speed(benches: readonly BenchName[]): Promise<void> {
    for (const bench of benches) {
      await this.#with(this.#entrants(bench), async (pairs) => {
        this.#progress(`${bench}: warm-up`);
        await rehearse(pairs, bench, this.#options.pace);
        await this.#rounds(bench, () => this.#inTurn(bench, pairs));
      });
    }
  }

  #entrants(bench: BenchName): SubjectName[] {
    return this.#options.subjects.filter((subject) => takesPart(subject, bench));
  }

  async #rounds(what: string, round: () => Promise<void>): Promise<void> {
    const { rounds } = this.#options.pace;
    for (let number = 1; number <= rounds; number++) {
      this.#progress(`${what}: round ${number} of ${rounds}`);
      await round();
    }
  }

  async #inTurn(bench: BenchName, pairs: readonly Pair[]): Promise<void> {
    for (const pair of pairs) {
      const facts = await measure(pair, bench, this.#options.pace);
      this.#results.get(bench)?.get(pair.subject)?.push(facts);
    }
  }

  async #with(
    subjects: readonly SubjectName[],
    work: (pairs: readonly Pair[]) => Promise<void>,
  ): Promise<void> {
    const pairs: Pair[] = [];
    try {
      for (const subject of subjects) pairs.push(await this.#startPair(subject));
      await work(pairs);
    } finally {
      await Promise.all(pairs.map((pair) => pair.end()));
    }
  }
}

/** Every bench once, and nobody looks. */
async function rehearse(pairs: readonly Pair[], bench: BenchName, pace: Pace): Promise<void> {
  for (const pair of pairs) {
    await warmUp(pair, pace);
    await measure(pair, bench, { ...pace, runIn: 0, measured: pace.rehearsal });
  }
}
