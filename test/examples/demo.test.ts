import { afterEach, describe, expect, test } from "vitest";
import { type Running, start } from "./programs.ts";

const seconds = 1000;
/** Less than the demo waits for its processes before it kills them. */
const IN_TIME = 12 * seconds;
const onlyPosix = process.platform === "win32" ? test.skip : test;
let running: Running | undefined;

afterEach(() => {
  running?.child.kill("SIGKILL");
});

function demo(...args: string[]): Running {
  running = start("demo", ...args);
  return running;
}

/** The numbers of all processes that it has said to have started. */
const pidsIn = (text: string): number[] =>
  [...text.matchAll(/pid (\d+) +key/g)].map(([, pid]) => Number(pid));

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("npm start", () => {
  test(
    "shows who is there, who answers, a process that is lost and comes back, and ends by itself",
    async () => {
      const { code, stdout, stderr } = await demo("--seconds", "2").ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/hub +pid \d+ +key [0-9a-f]{8} +listens at ws:\/\/127\.0\.0\.1:\d+\n/);
      expect(stdout).toMatch(/ann +pid \d+ +key [0-9a-f]{8} +plays greeter\n/);
      expect(stdout).toMatch(/cleo +pid \d+ +key [0-9a-f]{8} +plays clock\n/);
      expect(stdout).toMatch(/greeter: ann [\d,]+ \+ ben [\d,]+ {3}clock: cleo \d+ calls\/s/);
      expect(stdout).toMatch(/[\d,]+ calls a second, encrypted/);
      expect(stdout).toMatch(/the hub has lost ben/);
      expect(stdout).toMatch(/the hub sees ben \(key [0-9a-f]{8}\) and calls it from now on\n/);
      expect(stdout).toMatch(
        /[1-9][\d,]* calls answered, \d+ failed\. All four processes have left\.\n$/,
      );
      const pids = pidsIn(stdout);
      expect(pids).toHaveLength(5);
      expect(pids.filter(lives)).toEqual([]);
    },
    30 * seconds,
  );

  onlyPosix.each(["SIGINT", "SIGTERM"] as const)(
    "ends all its processes on %s",
    async (signal) => {
      const { child, says, ended } = demo();
      await says(/calls\/s/);
      child.kill(signal);
      const { code, stdout, stderr } = await ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(pidsIn(stdout)).toHaveLength(4);
      expect(pidsIn(stdout).filter(lives)).toEqual([]);
    },
    IN_TIME,
  );

  onlyPosix(
    "leaves no process behind when it is killed itself",
    async () => {
      const { child, says, ended } = demo();
      await says(/calls\/s/);
      child.kill("SIGKILL");
      // They write to where it wrote: this settles when the last of them has ended.
      const { stdout } = await ended;
      expect(pidsIn(stdout)).toHaveLength(4);
    },
    IN_TIME,
  );

  test("says how to call it when the option is no number", async () => {
    const { code, stderr } = await demo("--seconds", "soon").ended;
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: "npm start [-- --seconds <how long, at least>]\n",
    });
  });
});
