import type { Context } from "troupe";
import { TroupeError } from "../../src/errors.ts";
import type { Ledger } from "./ledger.ts";
import type { Places } from "./places.ts";
import type { Random } from "./random.ts";
import type { Run } from "./site.ts";

/** What a handler is asked to do. */
export interface Task {
  readonly id: number;
  /** Milliseconds it takes. */
  readonly wait: number;
}

/** Who watches over handlers. */
export interface Watch {
  readonly random: Random;
  readonly ledger: Ledger;
  readonly places: Places;
  /** A handler begins. What is returned is to be called when it ends; more often does no harm. */
  readonly begin: (run: Run, ctx: Context<Task>) => () => void;
  /** It fails a request with a code that the library says, too. */
  readonly refuses: (task: Task) => void;
  /** It asks somebody else for something, and is told how that ended. */
  readonly relay: (run: Run, signal: AbortSignal) => Promise<string>;
}

/** What the library says of a request that was not begun, and a handler may say of one that was. */
const REFUSALS = ["OVERLOADED", "NO_ROLE", "ROLE_DISABLED", "NOT_DELIVERED"] as const;

/** What is answered, whoever does it. */
export const answerTo = ({ id }: Pick<Task, "id">): number => 2 * id + 1;

/** Gives a run its handlers of requests: of every form, quick and slow, willing and not. */
export function handleRequests(run: Run, watch: Watch): void {
  const { random, ledger, places, begin, refuses, relay } = watch;
  const role = run.peer.role("work", { active: random.chance(0.7), ...places.furnish(run) });
  role.onRequest<Task>("now", (ctx) => {
    begin(run, ctx)();
    return answerTo(ctx.data);
  });
  role.onRequest<Task>("late", async (ctx) => {
    const end = begin(run, ctx);
    await run.clock.sleep(ctx.data.wait);
    end();
    return answerTo(ctx.data);
  });
  role.onRequest<Task>("back", (ctx, answer) => {
    const end = begin(run, ctx);
    ctx.signal.addEventListener("abort", end);
    void run.clock.sleep(ctx.data.wait).then(() => {
      end();
      answer(null, answerTo(ctx.data));
    });
  });
  role.onRequest<Task>("busy", (ctx) => {
    const end = begin(run, ctx);
    run.clock.leap(ctx.data.wait / 40);
    end();
    return answerTo(ctx.data);
  });
  role.onRequest<Task>("throw", (ctx) => {
    begin(run, ctx)();
    throw new Error(`no to ${ctx.data.id}`);
  });
  role.onRequest<Task>("refuse", (ctx) => {
    begin(run, ctx)();
    refuses(ctx.data);
    const code = random.pick(REFUSALS) ?? "REJECTED";
    throw new TroupeError(code, "half of it is done", { details: { half: "done" } });
  });
  role.onRequest<Task>("never", (ctx) => {
    const end = begin(run, ctx);
    const over = ledger.wait(run, `the signal of request ${ctx.data.id}`);
    return new Promise((resolve) => {
      ctx.signal.addEventListener("abort", () => {
        over();
        end();
        resolve(0);
      });
    });
  });
  role.onRequest<Task>("relay", async (ctx) => {
    const end = begin(run, ctx);
    const outcome = await relay(run, ctx.signal);
    end();
    // Its code would be taken for that of this request.
    if (outcome !== "answered") throw new Error(`the relayed one ended with ${outcome}`);
    return answerTo(ctx.data);
  });
}
