import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface Lock {
  readonly packages: Readonly<Record<string, Locked>>;
}

interface Locked {
  readonly name?: string;
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly inBundle?: boolean;
  readonly optional?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const json = (file: string): unknown => JSON.parse(readFileSync(file, "utf8"));
const { packages } = json("package-lock.json") as Lock;

test("the lock file names no registry, so that everybody may use their own", () => {
  const tied = Object.entries(packages).filter(([, entry]) => "resolved" in entry);
  expect(tied.map(([path]) => path)).toEqual([]);
});

test("every package that is needed everywhere is pinned to its content", () => {
  const loose = Object.entries(packages).filter(
    // A package inside another one's tarball is pinned by that.
    ([path, entry]) =>
      path !== "" && !("integrity" in entry || "inBundle" in entry || "optional" in entry),
  );
  expect(loose.map(([path]) => path)).toEqual([]);
});

test("binaries for all platforms are listed: npm ci refuses a lock file without them", () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`node_modules/${name}` in packages || `${path}/node_modules/${name}` in packages),
    ),
  );
  expect(missing).toEqual([]);
});

test("the lock file is that of package.json", () => {
  const { name, version, dependencies, devDependencies } = json("package.json") as Locked;
  expect(packages[""]).toMatchObject({ name, version, dependencies, devDependencies });
});
