/** Frees bytes of all kinds in one of the two ways there are, and tells by IPC what is left of them. */
const KIB = 1024;

if (process.argv[2] === "through a closed port") {
  Reflect.deleteProperty(ArrayBuffer.prototype, "transfer");
}
const { free } = await import("../../src/bytes/free.node.ts");

function left(bytes: Uint8Array): number {
  free(bytes);
  return bytes.length;
}

function leftOfTwice(bytes: Uint8Array): number {
  free(bytes);
  return left(bytes);
}

/** The most bytes in buffers at once while 256 MiB of them come and go. */
function most(end: (bytes: Uint8Array) => void): number {
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let i = 0; i < 4 * KIB; i++) {
    end(new Uint8Array(64 * KIB));
    if (i % 16 === 0) most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  return most;
}

process.send?.({
  transfers: "transfer" in ArrayBuffer.prototype,
  left: {
    "64 KiB": left(new Uint8Array(64 * KIB)),
    "64 KiB in a Buffer": left(Buffer.alloc(64 * KIB)),
    "16 KiB": left(new Uint8Array(16 * KIB)),
    "16 KiB less a byte": left(new Uint8Array(16 * KIB - 1)),
    "the first half of 64 KiB": left(new Uint8Array(64 * KIB).subarray(0, 32 * KIB)),
    "the last half of 64 KiB": left(new Uint8Array(64 * KIB).subarray(32 * KIB)),
    "a piece of Node's pool": left(Buffer.allocUnsafe(100)),
    "all of Node's pool": left(new Uint8Array(Buffer.allocUnsafe(1).buffer)),
    "shared memory": left(new Uint8Array(new SharedArrayBuffer(64 * KIB))),
    nothing: left(new Uint8Array()),
    "64 KiB for the second time": leftOfTwice(new Uint8Array(64 * KIB)),
  },
  mostFreed: most(free),
  mostLeft: most(() => {}),
});
