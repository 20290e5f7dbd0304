/**
 * One process of a pair: `node child.js <subject>`. Does what the bench asks over IPC and counts;
 * see talk.ts. A fault ends it with the stack on stderr, which the bench passes on.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { SubjectName } from "./benches.ts";
import { startBeside } from "./load/beside.ts";
import { BroadcastLoad } from "./load/broadcast.ts";
import { startDownload } from "./load/download.ts";
import { startEcho } from "./load/echo.ts";
import { startListening } from "./load/listen.ts";
import type { Load } from "./load/load.ts";
import { startOneway } from "./load/oneway.ts";
import { Receiving } from "./load/receiving.ts";
import { Sending } from "./load/sending.ts";
import { startUpload } from "./load/upload.ts";
import { startWork } from "./load/work.ts";
import type { Hears, Server, Subject } from "./subjects/subject.ts";
import type { Answer, Memory, Question, Talk } from "./talk.ts";

/** Only the asked one is loaded: what another imports must not weigh on its memory. */
const SUBJECTS: Record<SubjectName, () => Promise<{ readonly subject: Subject }>> = {
  ws: () => import("./subjects/ws.ts"),
  "ws-batched": () => import("./subjects/ws-batched.ts"),
  wss: () => import("./subjects/wss.ts"),
  troupe: () => import("./subjects/troupe.ts"),
};

const { subject } = await SUBJECTS[process.argv[2] as SubjectName]();

let server: Server | undefined;
let load: Load | undefined;
/** Messages of tellers, at the server. */
let told = 0;

const hears: Hears = {
  told: (payload) => {
    if (payload.length > 0) told++;
  },
  acknowledged: () => {
    if (load instanceof BroadcastLoad) load.acknowledged();
  },
  reads: (sink) => {
    load = new Sending(sink);
  },
  writes: () => {
    const receiving = new Receiving();
    load = receiving;
    return receiving;
  },
};

const answers: {
  readonly [What in keyof Talk]: (ask: Talk[What]["ask"]) => Promise<Talk[What]["answer"]>;
} = {
  serve: async () => {
    server = await subject.serve(hears);
    return server.port;
  },
  reached: async ({ listeners }) => {
    while (serving().listeners !== listeners) await delay(2);
    return null;
  },
  broadcast: async (ask) => {
    load = new BroadcastLoad(serving(), ask);
    return null;
  },
  echo: async (ask) => {
    load = startEcho(await subject.caller(ask.port), ask);
    return null;
  },
  fleeting: async (ask) => {
    if (subject.fleeting === undefined) throw new Error("every connection ends with its channel");
    load = startEcho(await subject.fleeting(ask.port), ask);
    return null;
  },
  exchange: async (ask) => {
    if (subject.exchanger === undefined) throw new Error("no streams are opened here");
    load = startEcho(await subject.exchanger(ask.port), ask);
    return null;
  },
  download: async ({ port }) => {
    load = await startDownload(subject, port);
    return null;
  },
  upload: async ({ port }) => {
    load = await startUpload(subject, port);
    return null;
  },
  beside: async (ask) => {
    load = await startBeside(subject, ask);
    return null;
  },
  work: async (ask) => {
    if (subject.worker === undefined) throw new Error("nobody works here");
    load = startWork(await subject.worker(ask.port), ask);
    return null;
  },
  oneway: async (ask) => {
    load = await startOneway(subject, ask);
    return null;
  },
  listen: async (ask) => {
    load = await startListening(subject, ask);
    return null;
  },
  mark: async () => {
    load?.mark();
    const { user, system } = process.cpuUsage();
    return { at: performance.now(), count: load?.count ?? told, cpu: user + system };
  },
  memory,
  stop: async () => {
    const latency = await load?.stop();
    load = undefined;
    return latency ?? null;
  },
};

function serving(): Server {
  if (server === undefined) throw new Error("nothing is served here");
  return server;
}

async function memory(): Promise<Memory> {
  // What finalizers let go in one pass is free only after the next.
  for (let pass = 0; pass < 4; pass++) {
    globalThis.gc?.();
    await delay(5);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { held: heapUsed + external, rss };
}

async function respond<What extends keyof Talk>({ what, ask }: Question<What>): Promise<void> {
  const answer: Answer = { answer: await answers[what](ask) };
  process.send?.(answer);
}

process.on("message", (question: Question) => {
  void respond(question);
});
// The bench has gone: nobody wants the figures any more.
process.on("disconnect", () => process.exit());
