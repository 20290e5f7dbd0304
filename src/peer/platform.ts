/** The parts of `process` that are read; browsers have none of it. */
interface ProcessLike {
  readonly platform?: string;
  readonly versions?: { readonly node?: string };
}

/** What is told to units about the process: which system, which runtime, which protocol. */
export function describePlatform(): { os: string; runtime: string; protocol: string } {
  const { process } = globalThis as { process?: ProcessLike };
  const node = process?.versions?.node;
  return {
    os: process?.platform ?? "browser",
    runtime: node === undefined ? globalThis.navigator.userAgent : `node ${node}`,
    protocol: "troupe.1",
  };
}
