import { styleText } from "node:util";
import type { Rates } from "./facts.ts";

type Style = Parameters<typeof styleText>[0];

const colours = process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined;
const paint = (style: Style, text: string): string => (colours ? styleText(style, text) : text);

const start = performance.now();

/** A line as it is. */
export const say = (line = ""): void => console.log(line);

/** A heading. */
export const title = (line: string): void => say(paint("bold", line));

/** A line of explanation. */
export const remark = (line: string): void => say(paint("dim", line));

/** Something happened. */
export const event = (line: string): void => say(`${clock()}  ${paint("yellow", line)}`);

/** The first characters of a public key are enough for people. */
export const short = (key: string): string => key.slice(0, 8);

/** A count for people. */
export const count = (value: number): string => Math.round(value).toLocaleString("en-US");

/** One process: its name, number, key and part. */
export function member(name: string, pid: number | undefined, key: string, does: string): void {
  const columns = [name.padEnd(5), `pid ${pid}`.padEnd(12), `key ${short(key)}`, ` ${does}`];
  say(`  ${paint("bold", columns[0] ?? "")} ${columns.slice(1).join(" ")}`);
}

/** Calls answered, by role and by who answered, and how long that took. */
export function rates({ seconds, shares, rtt, failures }: Rates): void {
  const roles = new Map<string, string[]>([
    ["greeter", []],
    ["clock", []],
  ]);
  for (const { name, role, calls } of [...shares].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    roles.get(role)?.push(`${name} ${paint("green", count(calls / seconds))}`);
  }
  const parts = [...roles].map(([role, who]) => `${role}: ${who.join(" + ") || "nobody"}`);
  const failed = Object.entries(failures).map(([code, times]) => `${count(times)} ${code}`);
  const line = `${parts.join("   ")} calls/s   median round trip ${rtt.toFixed(2)} ms`;
  const failure = failed.length === 0 ? "" : `   ${paint("red", `failed: ${failed.join(", ")}`)}`;
  say(`${clock()}  ${line}${failure}`);
}

/** Lines in a frame. */
export function box(lines: readonly string[]): void {
  const width = Math.max(...lines.map((line) => line.length));
  say();
  say(`  ┌${"─".repeat(width + 2)}┐`);
  for (const line of lines) say(`  │ ${line.padEnd(width)} │`);
  say(`  └${"─".repeat(width + 2)}┘`);
  say();
}

function clock(): string {
  const seconds = Math.floor((performance.now() - start) / 1000);
  const minutes = Math.floor(seconds / 60);
  return paint(
    "dim",
    `${String(minutes).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`,
  );
}
