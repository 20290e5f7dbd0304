/** What belongs to a peer. */
export interface OwnedBy<Owner> {
  /** The peer that it belongs to. */
  readonly peer: Owner;
}

/** @internal Gives it its `peer`, which its own file cannot name: that would be a cycle. */
export const own = <Part extends object, Owner>(part: Part, peer: Owner): Part & OwnedBy<Owner> =>
  Object.defineProperty(part, "peer", { value: peer }) as Part & OwnedBy<Owner>;
