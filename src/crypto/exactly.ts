/**
 * Refuses bytes of another length than a primitive takes, so that every provider refuses them alike.
 *
 * @throws Error naming `what`
 */
export function exactly(length: number, bytes: Uint8Array, what: string): void {
  if (bytes.length !== length) throw new Error(`${what}: ${bytes.length} bytes, not ${length}`);
}
