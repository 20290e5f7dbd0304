import { describe, expect, it } from "vitest";
import { encodePayload } from "../../src/frame/payload.ts";
import { Chain } from "../../src/peer/chain.ts";
import { Context } from "../../src/peer/context.ts";
import type { RequestHandler } from "../../src/peer/handlers.ts";
import { isTroupeError } from "../support/errors.ts";
import { signal, turn } from "../support/mesh.ts";
import { unitOf } from "./fakes.ts";

interface Outcome {
  readonly error: unknown;
  readonly data: unknown;
}

/** A chain of middleware and event handlers, run; `outcomes` fills as it settles. */
function start(
  middleware: readonly RequestHandler[],
  events: readonly RequestHandler[],
): { ctx: Context; outcomes: Outcome[] } {
  const payload = encodePayload("question");
  const ctx = new Context<unknown>(
    unitOf("ann").unit,
    "role",
    "event",
    undefined,
    payload,
    "question",
  );
  const outcomes: Outcome[] = [];
  new Chain(ctx as Context<never>, [...middleware, ...events], middleware.length, (error, data) => {
    // null and undefined are the same here: no error, and then data, or an error, and then none.
    outcomes.push({ error: error ?? undefined, data: error ? undefined : data });
  }).run();
  return { ctx, outcomes };
}

/** The one outcome, once there is nothing left to run. */
async function run(
  middleware: readonly RequestHandler[],
  events: readonly RequestHandler[] = [],
): Promise<Outcome> {
  const { outcomes } = start(middleware, events);
  await turn();
  expect(outcomes).toHaveLength(1);
  return outcomes[0] ?? { error: undefined, data: undefined };
}

const answers = (data: unknown): Outcome => ({ error: undefined, data });
const fails = (error: unknown): Outcome => ({ error, data: undefined });

describe("handlers run in order", () => {
  it("each after the one before has resolved undefined", async () => {
    const order: string[] = [];
    const slow = signal();
    const { outcomes } = start(
      [
        () => void order.push("first"),
        async () => {
          order.push("slow begins");
          await slow.promise;
          order.push("slow ends");
        },
      ],
      [() => order.push("event")],
    );
    await turn();
    expect(order).toEqual(["first", "slow begins"]);
    slow.fire();
    await turn();
    expect(order).toEqual(["first", "slow begins", "slow ends", "event"]);
    expect(outcomes).toEqual([answers(4)]);
  });

  it("until one answers: the rest does not run", async () => {
    const order: string[] = [];
    const outcome = await run(
      [() => "from middleware", () => void order.push("never")],
      [() => void order.push("never")],
    );
    expect(outcome).toEqual(answers("from middleware"));
    expect(order).toEqual([]);
  });

  it("and at once when none of them waits", () => {
    expect(start([() => undefined], [() => 5]).outcomes).toEqual([answers(5)]);
  });

  it("of several handlers of an event the next runs when one has no answer", async () => {
    expect(await run([], [() => undefined, async () => undefined, () => "third"])).toEqual(
      answers("third"),
    );
  });
});

describe("an answer", () => {
  it.each([[0], [""], [false], [null], [Number.NaN]])("may be %s", async (value) => {
    expect(await run([() => value], [() => "too late"])).toEqual(answers(value));
  });

  it("of an event handler that returns undefined is null", async () => {
    expect(await run([], [() => undefined])).toEqual(answers(null));
    expect(await run([], [async () => undefined])).toEqual(answers(null));
  });

  it("may come by callback", async () => {
    expect(await run([], [(_ctx, answer) => answer(null, "called")])).toEqual(answers("called"));
  });

  it("may come by callback later, though the handler has returned undefined", async () => {
    const go = signal();
    const { outcomes } = start(
      [],
      [
        (_ctx, answer) => {
          void go.promise.then(() => answer(undefined, "later"));
        },
      ],
    );
    await turn();
    expect(outcomes).toEqual([]);
    go.fire();
    await turn();
    expect(outcomes).toEqual([answers("later")]);
  });

  it("by callback without data is null", async () => {
    expect(await run([], [(_ctx, answer) => answer()])).toEqual(answers(null));
  });

  it("by callback in middleware ends the chain, too", async () => {
    const outcome = await run([(_ctx, answer) => answer(null, "called")], [() => "too late"]);
    expect(outcome).toEqual(answers("called"));
  });

  it("may come from a promise of another kind", async () => {
    const method = "then";
    const thenable = { [method]: (yes: (value: string) => void) => yes("thenable") };
    expect(await run([() => thenable], [() => "too late"])).toEqual(answers("thenable"));
  });

  it("counts once: the first wins, whatever comes later", async () => {
    const late = new Error("too late");
    const outcome = await run(
      [],
      [
        (_ctx, answer) => {
          answer(null, "first");
          answer(null, "second");
          answer(late);
          throw late;
        },
      ],
    );
    expect(outcome).toEqual(answers("first"));
  });
});

describe("a failure", () => {
  const error = new Error("no");

  it.each<[string, RequestHandler]>([
    [
      "thrown",
      () => {
        throw error;
      },
    ],
    ["rejected", () => Promise.reject(error)],
    ["given to the callback", (_ctx, answer) => answer(error)],
  ])("%s in an event handler is the outcome", async (_how, handler) => {
    expect(await run([() => undefined], [handler])).toEqual(fails(error));
  });

  it("of middleware ends the chain: async middleware that throws is an outcome like any other", async () => {
    const after: string[] = [];
    const outcome = await run(
      [
        async () => {
          await Promise.resolve();
          throw error;
        },
      ],
      [() => void after.push("ran")],
    );
    expect(outcome).toEqual(fails(error));
    expect(after).toEqual([]);
  });

  it("may be no Error at all", async () => {
    const outcome = await run([], [() => Promise.reject("a text")]);
    expect(outcome).toEqual(fails("a text"));
  });

  it("without a reason is one nevertheless", async () => {
    const { error: reason } = await run([], [() => Promise.reject(undefined)]);
    expect(reason).toEqual(isTroupeError("REJECTED", "without telling why"));
  });

  it("when nobody handles the event names role and event", async () => {
    const { error: reason } = await run([() => undefined]);
    expect(reason).toEqual(isTroupeError("NO_EVENT", '"role" does not handle "event"'));
  });
});

describe("ctx.next()", () => {
  it("runs what comes after and resolves when there is an answer", async () => {
    const order: string[] = [];
    const { outcomes } = start(
      [
        async (ctx) => {
          order.push("outer before");
          await ctx.next();
          order.push(`outer after ${String(ctx.response)}`);
        },
        async (ctx) => {
          order.push("inner before");
          await ctx.next();
          order.push(`inner after ${String(ctx.response)}`);
        },
      ],
      [
        async () => {
          await turn();
          order.push("event");
          return "answer";
        },
      ],
    );
    await turn();
    await turn();
    expect(order).toEqual([
      "outer before",
      "inner before",
      "event",
      "inner after answer",
      "outer after answer",
    ]);
    expect(outcomes).toEqual([answers("answer")]);
  });

  it("lets the response be replaced afterwards, the innermost first", async () => {
    const wrap =
      (name: string): RequestHandler =>
      async (ctx) => {
        await ctx.next();
        ctx.response = `${name}(${String(ctx.response)})`;
      };
    const { outcomes } = start([wrap("outer"), wrap("inner")], [() => "answer"]);
    await turn();
    expect(outcomes).toEqual([answers("outer(inner(answer))")]);
  });

  it("lets a failure be seen and turned into an answer", async () => {
    const seen: unknown[] = [];
    const error = new Error("no");
    const { outcomes } = start(
      [
        async (ctx) => {
          await ctx.next();
          seen.push(ctx.error);
          ctx.error = undefined;
          ctx.response = "rescued";
        },
      ],
      [() => Promise.reject(error)],
    );
    await turn();
    expect(seen).toEqual([error]);
    expect(outcomes).toEqual([answers("rescued")]);
  });

  it("lets an answer be turned into a failure, by ctx.error or by throwing", async () => {
    const error = new Error("on second thoughts");
    const setting: RequestHandler = async (ctx) => {
      await ctx.next();
      ctx.error = error;
    };
    const throwing: RequestHandler = async (ctx) => {
      await ctx.next();
      throw error;
    };
    for (const handler of [setting, throwing]) {
      const { outcomes } = start([handler], [() => "answer"]);
      await turn();
      expect(outcomes).toMatchObject([{ error }]);
    }
  });

  it("need not be called, nor awaited", async () => {
    expect(await run([(ctx) => void ctx.next()], [() => "answer"])).toEqual(answers("answer"));
  });

  it("runs what comes after only once, however often it is called", async () => {
    let runs = 0;
    const { outcomes } = start(
      [
        async (ctx) => {
          await Promise.all([ctx.next(), ctx.next()]);
          await ctx.next();
        },
      ],
      [() => ++runs],
    );
    await turn();
    expect(runs).toBe(1);
    expect(outcomes).toEqual([answers(1)]);
  });

  it("lets the answer wait until whoever awaited it is done", async () => {
    const go = signal();
    const { outcomes } = start(
      [
        async (ctx) => {
          await ctx.next();
          await go.promise;
        },
      ],
      [() => "answer"],
    );
    await turn();
    expect(outcomes).toEqual([]);
    go.fire();
    await turn();
    expect(outcomes).toEqual([answers("answer")]);
  });

  it("resolves in middleware whose own answer is there already", async () => {
    const outcome = await run([
      async (ctx, answer) => {
        answer(null, "mine");
        await ctx.next();
      },
    ]);
    expect(outcome).toEqual(answers("mine"));
  });

  it("holds nobody up in an event handler, after which nothing comes", async () => {
    const outcome = await run(
      [() => undefined],
      [
        async (ctx) => {
          await ctx.next();
          return "answer";
        },
      ],
    );
    expect(outcome).toEqual(answers("answer"));
  });
});
