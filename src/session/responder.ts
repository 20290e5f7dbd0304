import { concat, equal } from "../bytes/bytes.ts";
import { Reader } from "../bytes/reader.ts";
import { Writer } from "../bytes/writer.ts";
import {
  enterPhase,
  establish,
  expectProceed,
  failed,
  guarded,
  type Handshake,
  type HandshakeConfig,
  immediate,
  type Phase,
  type ProvenPeer,
  readIdentity,
  refuse,
  type Step,
  say,
  writeIdentity,
} from "./handshake.ts";
import {
  confirmation,
  noCommonKey,
  type Offer,
  readOffers,
  startProof,
  wrongKey,
} from "./pre-shared.ts";
import { KEY_BYTES, Kind, NO_SUITE, SUITE, VERSION } from "./suite.ts";

/** What the responder waits for, and all it needs to understand it. */
type State =
  | { readonly waits: "hello" }
  | { readonly waits: "identity"; readonly phase: Phase }
  | {
      readonly waits: "confirmation";
      readonly phase: Phase;
      readonly peer: ProvenPeer;
      readonly proof: Proof;
    }
  | { readonly waits: "nothing" };

/** The key the dialer still has to show that it has. */
interface Proof {
  readonly id: string;
  readonly expected: Uint8Array;
}

/** The side that was called: sends m2, m3 and m5. */
export class ResponderHandshake implements Handshake {
  readonly #config: HandshakeConfig;
  #state: State = { waits: "hello" };

  constructor(config: HandshakeConfig) {
    this.#config = config;
  }

  start(): Step {
    return { send: [] };
  }

  receive(message: Uint8Array): Step {
    const state = this.#state;
    // Whatever goes wrong below, nothing is waited for any more.
    this.#state = { waits: "nothing" };
    return guarded(message, () => {
      switch (state.waits) {
        case "hello":
          return this.#hello(message);
        case "identity":
          return this.#identity(message, state.phase);
        case "confirmation":
          return this.#confirmation(message, state.phase, state.peer, state.proof);
        case "nothing":
          throw failed("a message after its end");
      }
    });
  }

  /** m1: version suite e_I */
  #hello(m1: Uint8Array): Step {
    const { crypto, random } = this.#config;
    const reader = new Reader(m1);
    const version = reader.u8();
    const suite = reader.u8();
    if (version !== VERSION || suite !== SUITE) {
      const failure = failed(
        `the other side speaks monte/${version} with suite ${suite}, this one monte/${VERSION} with suite ${SUITE}`,
      );
      return { send: [Uint8Array.of(VERSION, NO_SUITE, 1)], failure };
    }
    const theirs = reader.bytes(KEY_BYTES);
    reader.finish();

    const ephemeral = crypto.agreement(random(KEY_BYTES));
    const shared = ephemeral.agree(theirs);
    const m2 = concat(Uint8Array.of(VERSION, SUITE), ephemeral.publicKey);
    const phase = enterPhase(this.#config, "responder", shared, m1, m2);
    this.#state = { waits: "identity", phase };
    return { send: [m2, say(phase, this.#introduction(phase))] };
  }

  /** m3: proceed identity signature parameters */
  #introduction(phase: Phase): Uint8Array {
    const writer = new Writer();
    writer.u8(Kind.proceed);
    writeIdentity(this.#config, "responder", phase, writer);
    return writer.view();
  }

  /** m4: proceed identity signature parameters offers, or refuse code */
  #identity(m4: Uint8Array, phase: Phase): Step {
    const before = phase.transcript.hash;
    const plaintext = immediate(phase.sealed.open(m4));
    const reader = new Reader(plaintext);
    expectProceed(reader);
    const peer = readIdentity(this.#config, "dialer", phase, reader);
    const offers = readOffers(reader);
    reader.finish();
    phase.transcript.add(plaintext);

    const objection = this.#config.judge(peer.identity, peer.parameters);
    if (objection !== undefined) return refuse(phase, objection);
    if (offers.length > 0 || this.#config.presharedKeys.size > 0)
      return this.#prove(phase, peer, before, offers);
    const m5 = say(phase, Uint8Array.of(Kind.proceed));
    return {
      send: [m5],
      established: establish(this.#config, "responder", phase, peer, undefined),
    };
  }

  /** m5: prove index share confirmation */
  #prove(phase: Phase, peer: ProvenPeer, before: Uint8Array, offers: readonly Offer[]): Step {
    const { crypto, presharedKeys, signer, random } = this.#config;
    const index = offers.findIndex(({ id }) => presharedKeys.has(id));
    const offer = offers[index];
    const key = offer === undefined ? undefined : presharedKeys.get(offer.id);
    if (offer === undefined || key === undefined) return refuse(phase, noCommonKey());

    const parties = { dialer: peer.identity, responder: signer.publicKey, transcript: before };
    const pake = startProof(crypto, "responder", offer.id, key, parties, random);
    const sessionKey = pake.finish(offer.share);
    const writer = new Writer();
    writer.u8(Kind.prove);
    writer.u8(index);
    writer.bytes(pake.share);
    writer.bytes(confirmation(crypto, "responder", sessionKey, phase.transcript.hash));
    const m5 = say(phase, writer.view());
    const expected = confirmation(crypto, "dialer", sessionKey, phase.transcript.hash);
    this.#state = { waits: "confirmation", phase, peer, proof: { id: offer.id, expected } };
    return { send: [m5] };
  }

  /** m6: proceed confirmation, or refuse code */
  #confirmation(m6: Uint8Array, phase: Phase, peer: ProvenPeer, proof: Proof): Step {
    const plaintext = immediate(phase.sealed.open(m6));
    const reader = new Reader(plaintext);
    expectProceed(reader);
    const received = reader.bytes(KEY_BYTES);
    reader.finish();
    if (!equal(proof.expected, received)) throw wrongKey(proof.id);
    phase.transcript.add(plaintext);
    return { send: [], established: establish(this.#config, "responder", phase, peer, proof.id) };
  }
}
