import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Admission } from "../../src/peer/admission.ts";
import type { AdmissionOptions } from "../../src/peer/admission-options.ts";
import { isTroupeError } from "../support/errors.ts";
import { AdmissionScene, type Caller } from "./admission-scene.ts";

const NOTHING = { running: 0, queued: 0, refused: 0, dropped: 0, expired: 0 };

describe("options of a role that cannot be", () => {
  it.each<[string, object]>([
    ["concurrency must be a whole number from 1 on, or Infinity, not 0", { concurrency: 0 }],
    ["concurrency must", { concurrency: 1.5 }],
    ["queue must be a whole number from 0 on, or Infinity, not -1", { queue: -1 }],
    ["queue must", { queue: "5" }],
    ["rate must be { perSecond: a number above 0 }", { rate: {} }],
    ["rate must be", { rate: 5 }],
    ["rate must be", { rate: { perSecond: 0 } }],
    ["rate must be", { rate: { perSecond: Number.NaN } }],
    ["rate.burst must be a whole number from 1 on", { rate: { perSecond: 1, burst: 0 } }],
  ])("%s", (text, options) => {
    expect(() => new Admission("svc", options as AdmissionOptions)).toThrow(
      isTroupeError("BAD_ARGUMENT", `role "svc": ${text}`),
    );
  });
});

describe("calls beyond those that may run", () => {
  it("wait, and the oldest has the next turn", () => {
    const scene = new AdmissionScene({ concurrency: 2 });
    for (const name of "abcd") scene.ask(name);
    expect(scene.admission.load).toEqual({ ...NOTHING, running: 2, queued: 2 });
    scene.done();
    scene.clock.rest();
    expect(scene.log).toEqual(["a", "b", "c"]);
    scene.done();
    scene.ask("e"); // there is a place, and somebody waits for it
    scene.done();
    scene.clock.rest();
    expect(scene.log).toEqual(["a", "b", "c", "d", "e"]);
    scene.done();
    scene.done();
    expect(scene.admission.load).toEqual(NOTHING);
  });

  it("are refused when as many wait as may, and told how long that lasts", () => {
    const scene = new AdmissionScene({ concurrency: 1, queue: 10 });
    for (let i = 0; i <= 10; i++) scene.ask(`${i}`);
    scene.clock.pass(70);
    scene.ask("early");
    // Nothing is known but that nobody had a turn for 70 ms.
    expect(scene.log).toEqual(["0", "early: 70 ms"]);
    scene.done();
    scene.clock.rest();
    scene.ask("again");
    scene.ask("late");
    // A turn took 70 ms, and ten wait for theirs.
    expect(scene.log.slice(2)).toEqual(["1", "late: 700 ms"]);
    expect(scene.admission.load).toEqual({ ...NOTHING, running: 1, queued: 10, refused: 2 });
  });

  it("are refused at once where none may wait", () => {
    const scene = new AdmissionScene({ concurrency: 1, queue: 0 });
    scene.ask("a");
    scene.ask("b");
    scene.done();
    scene.ask("c");
    expect(scene.log).toEqual(["a", "b: 100 ms", "c"]);
  });

  it("start all at once where concurrency is switched off, however long that takes", () => {
    const scene = new AdmissionScene({ concurrency: Number.POSITIVE_INFINITY });
    scene.burn = 50;
    for (const name of "abcd") scene.ask(name);
    expect(scene.log).toEqual(["a", "b", "c", "d"]);
  });

  it("wait no longer when their caller gives up", () => {
    const scene = new AdmissionScene({ concurrency: 1, queue: 2 });
    scene.ask("a");
    const b = scene.ask("b");
    scene.ask("c");
    b.watcher?.givenUp();
    expect(scene.admission.load).toEqual({ ...NOTHING, running: 1, queued: 1, expired: 1 });
    scene.ask("d");
    for (let i = 0; i < 3; i++) {
      scene.done();
      scene.clock.rest();
    }
    expect(scene.log).toEqual(["a", "c", "d"]);
  });

  it("have their turn when the role may do more", () => {
    const scene = new AdmissionScene({ concurrency: 1 });
    for (const name of "abcd") scene.ask(name);
    scene.admission.configure("svc", { concurrency: 3 });
    scene.clock.rest();
    expect(scene.log).toEqual(["a", "b", "c"]);
    scene.admission.configure("svc", { queue: 0 });
    scene.ask("e");
    expect(scene.log.at(-1)).toMatch(/^e: \d+ ms$/);
  });
});

describe("a request whose time is over", () => {
  it("is not started, though nothing but the clock says so", () => {
    const scene = new AdmissionScene({ concurrency: 1 });
    scene.ask("a");
    scene.ask("b", 100);
    scene.ask("c", 200);
    scene.clock.pass(150);
    scene.done();
    scene.clock.rest();
    expect(scene.log.filter((line) => !line.startsWith("b"))).toEqual(["a", "c"]);
    expect(scene.log.some((line) => line.startsWith("b:"))).toBe(true);
    expect(scene.admission.load).toEqual({ ...NOTHING, running: 1, expired: 1 });
  });

  it("is refused before it waits when its turn would come too late", () => {
    const scene = new AdmissionScene({ concurrency: 1 });
    scene.burn = 10;
    scene.admission.running++;
    for (let i = 0; i < 20; i++) scene.ask(`${i}`);
    scene.clock.pass(10);
    scene.done();
    while (scene.admission.load.queued > 9) scene.clock.turn();
    // Nine wait, and each takes 10 ms: 90 ms are more than half of 170, and less than half of 190.
    scene.ask("hasty", 170);
    scene.ask("patient", 190);
    scene.clock.rest();
    expect(scene.log.slice(11)).toEqual([
      "hasty: 90 ms",
      ...Array.from({ length: 9 }, (_, i) => `${11 + i}`),
      "patient",
    ]);
  });
});

describe("handlers that keep the process busy", () => {
  it("start at once while they are few", () => {
    const scene = new AdmissionScene();
    scene.burn = 1;
    for (let i = 0; i < 1000; i++) {
      scene.ask(`${i}`);
      scene.clock.turn();
    }
    expect(scene.log.length).toBe(1000);
  });

  it("let others be heard after some milliseconds, in order", () => {
    const scene = new AdmissionScene();
    scene.burn = 1;
    const names = Array.from({ length: 40 }, (_, i) => `${i}`);
    for (const name of names) scene.ask(name);
    expect(scene.log.length).toBeGreaterThan(1);
    expect(scene.log.length).toBeLessThan(15);
    const started = scene.log.length;
    scene.clock.turn();
    expect(scene.log.length).toBe(started + 5);
    scene.clock.rest();
    expect(scene.log).toEqual(names);
  });

  it("may have more calls waiting than a number says, while these are done soon", () => {
    const scene = new AdmissionScene();
    scene.burn = 0.02;
    for (let i = 0; i < 10_000; i++) scene.ask(`${i}`);
    scene.clock.rest();
    expect(scene.admission.load).toEqual(NOTHING);
    expect(scene.log.length).toBe(10_000);
  });

  it("do not wait for the event loop where no call may wait", () => {
    const scene = new AdmissionScene({ queue: 0 });
    scene.burn = 3;
    for (const name of "abcdef") scene.ask(name);
    expect(scene.log).toEqual([..."abcdef"]);
  });

  it("answer in time as many as they can when three times as many are asked", () => {
    const scene = new AdmissionScene();
    scene.burn = 1;
    const { clock, admission } = scene;
    const begin = clock.now();
    const callers: Caller[] = [];
    const useful = (from: number): number =>
      scene.log.slice(from).filter((name) => (callers[Number(name)]?.timeLeft ?? -1) > 0).length;
    let answered = 0;
    for (let now = begin; now < begin + 5000; now = clock.now()) {
      // What came while handlers ran is read now; then answers leave.
      const from = scene.log.length;
      while (callers.length < (now - begin) * 3) callers.push(scene.ask(`${callers.length}`, 100));
      clock.turn();
      answered += useful(from);
      if (clock.now() === now) clock.pass(0.1);
    }
    expect(answered).toBeGreaterThan(4800);
    expect(scene.log.filter((name) => !name.includes(":")).length).toBe(answered);
    expect(admission.load.queued).toBeLessThan(100);
  });

  it("learn that they have become faster", () => {
    const scene = new AdmissionScene({ concurrency: 1 });
    scene.ask("slow");
    scene.ask("waits");
    scene.clock.pass(2000);
    scene.done();
    scene.clock.rest();
    scene.done();
    scene.burn = 0.1;
    for (let round = 0; round < 20; round++) {
      scene.admission.running++;
      for (let i = 0; i < 20; i++) scene.ask(`${round}/${i}`, 100);
      scene.done();
      scene.clock.rest();
    }
    expect(scene.log.slice(-20)).toEqual(Array.from({ length: 20 }, (_, i) => `19/${i}`));
  });
});

describe("messages", () => {
  it("wait for those that run, in order, and are dropped when too many wait", () => {
    const scene = new AdmissionScene({ concurrency: 1, queue: 2 });
    for (const name of "ab") scene.tell(name);
    scene.done();
    scene.tell("c"); // there is a place, and a message waits for it
    scene.tell("d");
    expect(scene.log).toEqual(["a", "d dropped"]);
    scene.clock.rest();
    scene.done();
    scene.clock.rest();
    expect(scene.log).toEqual(["a", "d dropped", "b", "c"]);
  });

  it("may take the place of a request whose turn is due, which then waits on", () => {
    const scene = new AdmissionScene({ concurrency: 1, queue: 1 });
    scene.ask("first");
    scene.ask("second");
    scene.done();
    scene.tell("message");
    scene.clock.rest();
    expect(scene.log).toEqual(["first", "message"]);
    scene.done();
    scene.clock.rest();
    expect(scene.log).toEqual(["first", "message", "second"]);
  });

  it("do not wait for the event loop: while they are handled nothing more is read", () => {
    const scene = new AdmissionScene();
    scene.burn = 10;
    for (const name of "abcdef") scene.tell(name);
    expect(scene.log).toEqual([..."abcdef"]);
  });
});

/** A step of a random script, and a number for it. */
interface Step {
  readonly what: "ask" | "tell" | "done" | "turn" | "pass" | "give up";
  readonly ms: number;
}

/** Calls of a random script, and what became of them. */
class Script extends AdmissionScene {
  readonly #callers: Caller[] = [];
  calls = 0;
  givenUp = 0;

  take({ what, ms }: Step): void {
    if (what === "ask") this.#callers.push(this.ask(`r${this.calls++}`, ms));
    else if (what === "tell") this.tell(`m${this.calls++}`);
    else if (what === "turn") this.clock.turn();
    else if (what === "pass") this.clock.pass(ms);
    else if (what === "give up") this.#giveUp();
    else if (this.admission.running > 0) this.done();
  }

  end(): void {
    this.clock.rest();
    while (this.admission.running > 0) {
      this.done();
      this.clock.rest();
    }
  }

  /** Numbers of the calls of a kind, as they were started. */
  started(kind: "r" | "m"): number[] {
    const calls = this.log.filter((line) => line.startsWith(kind) && !/:|dropped/.test(line));
    return calls.map((line) => Number(line.slice(1)));
  }

  /** As a connection does it: each caller gives up once. */
  #giveUp(): void {
    const caller = this.#callers.find(({ watcher }) => watcher !== undefined);
    if (caller === undefined) return;
    caller.watcher?.givenUp();
    caller.watcher = undefined;
    this.givenUp++;
  }
}

const step = fc.record({
  what: fc.constantFrom<Step["what"][]>("ask", "ask", "tell", "done", "turn", "pass", "give up"),
  ms: fc.constantFrom(0, 1, 5, 50, 500),
});

it("starts or refuses every call once, in order, and never more than may run", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.nat(6),
      fc.array(step, { maxLength: 120 }),
      (concurrency, queue, steps) => {
        const script = new Script({ concurrency, queue });
        const { admission } = script;
        for (const each of steps) {
          script.take(each);
          expect(admission.running).toBeLessThanOrEqual(concurrency);
          expect(admission.load.queued).toBeLessThanOrEqual(queue);
        }
        script.end();
        expect(admission.load).toMatchObject({ running: 0, queued: 0 });
        const names = script.log.map((line) => /^\w+/.exec(line)?.[0]);
        expect(new Set(names).size).toBe(names.length);
        expect(names.length).toBe(script.calls - script.givenUp);
        for (const kind of ["r", "m"] as const)
          expect(script.started(kind)).toEqual(script.started(kind).toSorted((a, b) => a - b));
      },
    ),
  );
});
