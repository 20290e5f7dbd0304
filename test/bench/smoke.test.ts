import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

function bench(...options: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const args = ["--import", "tsx", "bench/main.ts", ...options];
  return promisify(execFile)(process.execPath, args, { cwd: ROOT });
}

describe("npm run bench", () => {
  it("prints every fact of a bench as one JSON object a line and nothing else", async () => {
    const { stdout } = await bench(
      ...["--quick", "--json", "--only", "stream-up", "--subjects", "ws"],
    );
    const lines: unknown[] = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const line = (name: string, unit: string): object => ({
      bench: name,
      subject: "ws",
      value: expect.toSatisfy((value: unknown) => typeof value === "number" && value > 0),
      unit,
    });
    expect(lines).toEqual([line("stream-up", "MB/s"), line("stream-up-cpu", "us/MB")]);
  }, 20_000);

  it("says which names there are when one is unknown", async () => {
    await expect(bench("--only", "echo-1000B")).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/echo-1000B: unknown; give some of echo-100B-c1,/),
    });
  }, 20_000);
});
