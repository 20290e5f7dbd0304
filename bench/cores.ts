import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Where the two processes of a pair are pinned; undefined where the system does not let us. */
export type Cores = { readonly server: number; readonly client: number } | undefined;

/** The first two cores this process may use, when there is `taskset` to pin with. */
export function chooseCores(): Cores {
  const [server, client] = allowedCores();
  if (server === undefined || client === undefined) return undefined;
  const trial = spawnSync("taskset", ["-c", `${server},${client}`, process.execPath, "--version"]);
  return trial.status === 0 ? { server, client } : undefined;
}

/** From proc(5): `Cpus_allowed_list: 0-3,8`. Empty elsewhere than on Linux. */
function allowedCores(): number[] {
  let status: string;
  try {
    status = readFileSync("/proc/self/status", "utf8");
  } catch {
    return [];
  }
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? "";
  return list.split(",").flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split("-").map(Number);
    return Number.isNaN(first)
      ? []
      : Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
