// Makes node_modules match package-lock.json. Runs before `npm start`, `npm test` and the like, so
// that a fresh clone needs no other step, and does nothing when there is nothing to do. It may not
// import any package: none is there yet.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Troupe needs Node.js 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
if (isStale()) {
  console.log("Installing what package-lock.json names (npm ci) ...");
  process.exitCode = install();
}

/** npm keeps its own record of what lies in node_modules; the lock file says what should. */
function isStale() {
  const record = "node_modules/.package-lock.json";
  if (!existsSync(record)) return true;
  const wanted = packagesOf("package-lock.json");
  const present = packagesOf(record);
  return Object.entries(wanted).some(([path, { version, integrity, optional, devOptional }]) => {
    if (path === "") return false; // the project itself
    const found = present[path];
    // Binaries for other platforms are optional and stay away.
    if (found === undefined) return !(optional || devOptional);
    return found.version !== version || found.integrity !== integrity;
  });
}

function packagesOf(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages;
}

/** Without scripts: no package here needs its own, and ours (`prepare`) would start a build. */
function install() {
  const command = "npm ci --include=dev --ignore-scripts --no-audit --no-fund --loglevel=error";
  // This may run inside another npm command, whose flags (--global, --dry-run, ...) are not for us.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_config_(global|location|dry_run|omit)$/i.test(name),
    ),
  );
  return spawnSync(command, { shell: true, stdio: "inherit", env }).status ?? 1;
}
