import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { expect } from "vitest";

/** What a program has said, and how it ended. */
interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** An example that runs. */
export interface Running {
  readonly child: ChildProcess;
  /** Resolves with the first match in what it says from its start. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves when it and all that inherited its output have ended. */
  readonly ended: Promise<Outcome>;
}

/** Starts an example as `npm run example <name>` does, without npm in between. */
export function start(name: string, ...args: readonly string[]): Running {
  const options = ["--import", "tsx", "-C", "troupe-source", "examples/run.ts", name, ...args];
  const child = spawn(process.execPath, options, { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code]) => ({ code, stdout, stderr }) as Outcome);
  const says = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const match = pattern.exec(stdout);
      if (match !== null) return match;
      const more = once(child.stdout, "data").then(() => "more");
      if ((await Promise.race([more, ended])) === "more") continue;
      throw new Error(`it ended without saying ${pattern}:\n${stdout}\n${stderr}`);
    }
  };
  return { child, says, ended };
}

/** Runs an example that must end well by itself, and gives the lines it has written. */
export async function linesOf(name: string): Promise<string[]> {
  const { code, stdout, stderr } = await start(name).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.trimEnd().split("\n");
}
