import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { IncomingRequest } from "../../src/connection/connection.ts";
import type { StreamKind } from "../../src/connection/stream.ts";
import { TroupeError } from "../../src/errors.ts";
import { decodePayload } from "../../src/frame/payload.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { heldByAll, Mate, Wire } from "./resume-support.ts";
import { Talker } from "./streams-talker.ts";
import type { Asked } from "./support.ts";

// The same cases in every run.
fc.configureGlobal({ seed: 20_250_101 });

const KINDS: readonly StreamKind[] = ["readable", "writable", "duplex"];

/** What a stream is to the side that did not open it. */
const FLIPPED: Readonly<Record<StreamKind, StreamKind>> = {
  readable: "writable",
  writable: "readable",
  duplex: "duplex",
};

/** One side, and all that it has sent and heard. */
class Person {
  readonly mate: Mate;
  readonly calls: { readonly data: string; readonly call: Asked }[] = [];
  readonly talkers: Talker[] = [];
  readonly said: string[] = [];
  /** Requests that have no answer yet. */
  readonly open: IncomingRequest[] = [];

  constructor(clock: VirtualClock, side: "dialer" | "responder") {
    this.mate = new Mate(clock, side);
    const { owner } = this.mate;
    owner.onWork = () => {
      const event = owner.events.at(-1);
      if (event === "request") this.open.push(...owner.requests.slice(-1));
      if (event !== "stream") return;
      const stream = owner.streams.at(-1);
      if (stream === undefined) return;
      const talker = new Talker(FLIPPED[stream.kind]);
      stream.use(talker);
      this.talkers.push(talker);
      // Both ends of a stream have one number here, by which a test finds the other end.
      talker.partner = Number(decodePayload(stream.payload));
    };
  }

  say(size: number): void {
    const text = `${this.said.length} ${"x".repeat(size)}`;
    this.said.push(text);
    this.mate.say(text);
  }

  ask(size: number): void {
    const data = `${this.calls.length} ${"y".repeat(size)}`;
    this.calls.push({ data, call: this.mate.ask(data) });
  }

  answer(which: number): void {
    const [request] = this.open.splice(which % Math.max(this.open.length, 1), 1);
    request?.answer(request.payload);
  }

  /** Answers all, and reads all. */
  attend(): void {
    while (this.open.length > 0) this.answer(0);
    for (const talker of this.talkers) {
      talker.end.demand();
      talker.read(Number.POSITIVE_INFINITY);
    }
  }

  stream(kind: StreamKind): void {
    const talker = new Talker(kind);
    this.mate.stream(kind, talker, String(talker.number));
    this.talkers.push(talker);
  }
}

/** Two of them, and between them one channel after the other, of which everything is late. */
class Meeting {
  readonly clock: VirtualClock = new VirtualClock();
  readonly people: readonly [Person, Person] = [
    new Person(this.clock, "dialer"),
    new Person(this.clock, "responder"),
  ];
  readonly wires: Wire[] = [];

  constructor() {
    this.dial(0);
    this.settle();
  }

  /** Whoever waits for a channel may dial, and so may both. */
  dial(which: 0 | 1): void {
    const wire = new Wire(this.clock, true);
    this.wires.push(wire);
    this.people[1 - which]?.mate.meet(wire.far, "responder");
    this.people[which].mate.meet(wire.near, "dialer");
  }

  suspended(which: 0 | 1): boolean {
    return this.people[which].mate.connection.suspended;
  }

  deliver(which: number): void {
    const wires = this.wires.filter(({ waiting }) => waiting > 0);
    wires[which % Math.max(wires.length, 1)]?.deliver(which);
  }

  /** All that is on its way arrives. */
  settle(): void {
    this.clock.flush();
    while (this.wires.some(({ waiting }) => waiting > 0)) {
      this.deliver(0);
      this.clock.flush();
    }
  }

  /** Both have a channel, and have said and heard everything. */
  finish(): void {
    this.#meetAgain();
    for (const { talkers } of this.people) for (const talker of talkers) talker.finish();
    for (let before = -1; before < this.#heard; ) {
      before = this.#heard;
      for (const person of this.people) person.attend();
      this.settle();
    }
  }

  #meetAgain(): void {
    this.settle();
    for (let round = 0; this.suspended(0) || this.suspended(1); round++) {
      expect(round).toBeLessThan(4);
      this.dial(this.suspended(0) ? 0 : 1);
      this.settle();
    }
  }

  /** How much both have heard. */
  get #heard(): number {
    let heard = 0;
    for (const { talkers, mate } of this.people) {
      heard += mate.owner.events.length;
      for (const talker of talkers) heard += talker.heard;
    }
    return heard;
  }
}

/** What may happen. */
const DEEDS = {
  say: ({ person, bytes }: Scene) => person.say(bytes),
  ask: ({ person, bytes }: Scene) => person.ask(bytes),
  answer: ({ person, which }: Scene) => person.answer(which),
  stream: ({ person, which }: Scene) => person.stream(KINDS[which % 3] ?? "duplex"),
  write: ({ talker, bytes }: Scene) => talker?.write(bytes),
  finish: ({ talker }: Scene) => talker?.finish(),
  read: ({ talker, bytes }: Scene) => talker?.read(bytes),
  flush: ({ meeting }: Scene) => meeting.clock.flush(),
  cut: ({ meeting, side }: Scene) => {
    const wire = meeting.wires.at(-1);
    (side === 0 ? wire?.near : wire?.far)?.abort();
  },
  dial: ({ meeting, side }: Scene) => {
    if (meeting.suspended(side)) meeting.dial(side);
  },
  deliver: ({ meeting, which }: Scene) => {
    for (let i = 0; i <= which % 4; i++) meeting.deliver(which + i);
  },
};

/** Who does it, with which of several, and how much. */
interface Scene {
  readonly meeting: Meeting;
  readonly side: 0 | 1;
  readonly person: Person;
  readonly talker: Talker | undefined;
  readonly which: number;
  readonly bytes: number;
}

type Deed = readonly [what: keyof typeof DEEDS, side: 0 | 1, which: number, bytes: number];

const often = (what: keyof typeof DEEDS, weight: number): fc.WeightedArbitrary<typeof what> => ({
  arbitrary: fc.constant(what),
  weight,
});

const deed: fc.Arbitrary<Deed> = fc.tuple(
  fc.oneof(
    often("deliver", 32),
    often("dial", 14),
    often("flush", 12),
    often("say", 10),
    often("ask", 7),
    often("write", 7),
    often("answer", 5),
    often("cut", 4),
    often("read", 4),
    often("stream", 3),
    often("finish", 2),
  ),
  fc.constantFrom<0 | 1>(0, 1),
  fc.nat(20),
  fc.oneof(fc.nat(40), fc.nat(2000), fc.nat(100_000)),
);

function act(meeting: Meeting, [what, side, which, bytes]: Deed): void {
  const person = meeting.people[side];
  const talker = person.talkers.at(-1 - (which % 3));
  DEEDS[what]({ meeting, side, person, talker, which, bytes });
}

/** What one has sent, the other has heard, and the answers have come. */
function expectHeard(one: Person, other: Person): void {
  const { owner, connection } = one.mate;
  expect(owner.reason).toBeUndefined();
  expect(other.mate.owner.messages).toEqual(one.said);
  expect(other.mate.owner.requests.map(({ payload }) => decodePayload(payload))).toEqual(
    one.calls.map(({ data }) => data),
  );
  for (const { data, call } of one.calls) expect(call.outcomes).toEqual([data]);
  for (const talker of one.talkers) {
    talker.expectWellFormed(true);
    const partner = other.talkers.find(
      ({ number, partner }) => partner === talker.number || number === talker.partner,
    );
    expect(partner?.heard).toBe(talker.written);
  }
  expect([one.open.length, connection.load, connection.buffered]).toEqual([0, 0, 0]);
}

/** Both let go of everything. */
function expectNothingLeft(meeting: Meeting, held: number): void {
  for (const { mate } of meeting.people) mate.connection.abort(new TroupeError("CLOSED", "done"));
  meeting.settle();
  expect(heldByAll()).toBe(held);
  meeting.clock.tick(60_000);
  expect(meeting.clock.timers).toBe(0);
}

describe("two who lose each other again and again", () => {
  test("hear everything once and in order, and hold nothing in the end", () => {
    let cuts = 0;
    fc.assert(
      fc.property(fc.array(deed, { minLength: 20, maxLength: 120 }), (deeds) => {
        const held = heldByAll();
        const meeting = new Meeting();
        for (const one of deeds) act(meeting, one);
        meeting.finish();
        const [first, second] = meeting.people;
        expectHeard(first, second);
        expectHeard(second, first);
        for (const { mate } of meeting.people)
          cuts += mate.owner.events.filter((event) => event === "suspended").length;
        expectNothingLeft(meeting, held);
      }),
      { numRuns: 100 },
    );
    expect(cuts).toBeGreaterThan(100);
  });
});
