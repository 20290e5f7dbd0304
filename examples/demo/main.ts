/** A mesh of separate processes with real traffic, one of which is killed and comes back. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Company } from "./company.ts";
import { BURST, type Fact, type Rates } from "./facts.ts";
import { box, count, event, member, rates, remark, say, short, title } from "./screen.ts";

/** Seconds between two acts, when there is time enough. */
const ACT = 3;
/** After the acts only every so many reports of the hub's are shown. */
const CALM = 5;
/** Seconds until a process that was lost is started again. */
const AGAIN = 3;

const PLAYERS = { ann: "greeter", ben: "greeter", cleo: "clock" } as const;
type Player = keyof typeof PLAYERS;
const players = Object.keys(PLAYERS) as Player[];

const { values } = parseArgs({ options: { seconds: { type: "string" } } });
const seconds = values.seconds === undefined ? Number.POSITIVE_INFINITY : Number(values.seconds);
if (!(seconds > 0)) {
  console.error("npm start [-- --seconds <how long, at least>]");
  process.exit(2);
}

const ending = new AbortController();
const ended = new Promise((resolve) => ending.signal.addEventListener("abort", resolve));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    // Asked twice: no time for goodbyes.
    if (ending.signal.aborted) company.killAll();
    ending.abort();
  });
}
// Whoever read this has gone, as in `npm start | head`.
process.stdout.on("error", () => ending.abort());

const seed = randomBytes(32).toString("hex");
const total = { calls: 0, failed: 0 };
/** In a short run everything comes sooner. */
const act = Math.min(ACT, seconds / 6);
const again = Math.min(AGAIN, seconds / 6);
let hub = { address: "", port: 0 };
/** Whom the hub has not seen yet. Its seeing them for the first time is no event. */
const strangers = new Set<string>(players);
/** The hub sees again who was lost. */
let returned = (): void => {};
let opened = false;
let reports = 0;

const company = new Company({ heard, lost });
try {
  title("Troupe: four processes on this machine, a hub and three that it has never heard of.");
  remark("Ctrl-C ends it.");
  say();
  await startHub();
  await Promise.all(players.map(startPlayer));
  opened = true;
  introduce();
  // A short run still shows everything.
  await Promise.race([Promise.all([perform(), rest(seconds)]), ended]);
} catch (error) {
  if (!ending.signal.aborted) {
    console.error(error);
    process.exitCode = 1;
  }
}
ending.abort();
await company.leave();
say();
say(
  `${count(total.calls)} calls answered, ${count(total.failed)} failed. All four processes have left.`,
);
// The IPC channels are closed and no timer runs: nothing is left to wait for.

async function startHub(): Promise<void> {
  const ready = await company.start("hub", "hub.ts", { name: "hub", seed, port: hub.port });
  const address = ready.address ?? "";
  hub = { address, port: Number(new URL(address).port) };
  const [place = ""] = address.split("#");
  member("hub", company.pidOf("hub"), ready.key, `listens at ${place}`);
}

async function startPlayer(name: Player): Promise<void> {
  const role = PLAYERS[name];
  const { key } = await company.start(name, `${role}.ts`, { name, hub: hub.address });
  member(name, company.pidOf(name), key, `plays ${role}`);
}

function introduce(): void {
  say();
  remark("The three dialled the hub, each with the public key that the hub must have. The hub saw");
  remark(
    "which roles they play, and calls those roles now, by name: whoever plays one takes turns.",
  );
  remark("Each connection is encrypted and authenticated both ways, and there is no broker.");
  say();
}

/** What there is to see, one thing after another. */
async function perform(): Promise<void> {
  await rest(act);
  event("for one second the hub calls as fast as answers come, 256 calls at a time");
  company.order("hub", BURST);
  await rest(act + 1);
  event(`ben is killed now (kill -9 ${company.pidOf("ben")}): it cannot say goodbye`);
  const back = new Promise<void>((resolve) => {
    returned = resolve;
  });
  company.kill("ben");
  await back;
  await rest(act);
  suggest();
}

function suggest(): void {
  const tries = [
    [killing("ann"), "one greeter is lost: the other one takes all calls"],
    [killing("hub"), "the hub is lost: all find it again when it is back"],
    ["npm run example hello", "the smallest program there is"],
    ["npm run bench -- --quick", "how fast this machine is, beside bare WebSockets"],
  ] as const;
  const lines = tries.flatMap(([what, why]) =>
    what === undefined ? [] : [`${what.padEnd(26)}${why}`],
  );
  const end = "Whatever you kill is started again after three seconds. Ctrl-C here ends it all.";
  box(["Try, in another terminal:", "", ...lines, "", end]);
}

function killing(name: string): string | undefined {
  const pid = company.pidOf(name);
  return pid === undefined ? undefined : `kill -9 ${pid}`;
}

function heard(fact: Fact): void {
  switch (fact.fact) {
    case "met":
      if (strangers.delete(fact.name)) return;
      happened(`the hub sees ${nameOf(fact)} and calls it from now on`);
      returned();
      return;
    case "parted":
      happened(`the hub has lost ${nameOf(fact)}`);
      return;
    case "burst":
      total.calls += fact.calls;
      happened(`${count(fact.calls / fact.seconds)} calls a second, encrypted, between processes`);
      return;
    case "rates":
      add(fact);
      if (opened && !ending.signal.aborted) report(fact);
      return;
    case "ready":
  }
}

function nameOf({ name, key }: { readonly name: string; readonly key: string }): string {
  return `${name} (key ${short(key)})`;
}

/** What happens while all start or leave is not worth telling. */
function happened(what: string): void {
  if (opened && !ending.signal.aborted) event(what);
}

function add({ shares, failures }: Rates): void {
  for (const { calls } of shares) total.calls += calls;
  for (const times of Object.values(failures)) total.failed += times;
}

function report(fact: Rates): void {
  reports++;
  if (reports < 4 * CALM || reports % CALM === 0) rates(fact);
}

function lost(name: string, pid: number, how: string): void {
  if (!opened || ending.signal.aborted) return;
  event(`${name} (pid ${pid}) has ended (${how}) and is started again in a moment`);
  void restart(name).catch(() => {});
}

/** Fails when the demo ends meanwhile, and when the process is lost once more, which {@link lost} hears. */
async function restart(name: string): Promise<void> {
  await rest(again);
  const player = players.find((each) => each === name);
  await (player === undefined ? startHub() : startPlayer(player));
}

/** Waits for so many seconds; rejects when the demo ends before. */
function rest(time: number): Promise<void> {
  if (time === Number.POSITIVE_INFINITY) return new Promise(() => {});
  return sleep(time * 1000, undefined, { signal: ending.signal });
}
