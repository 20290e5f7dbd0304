import { concat, equal } from "../bytes/bytes.ts";
import { Reader } from "../bytes/reader.ts";
import { Writer } from "../bytes/writer.ts";
import type { Agreement, PakeStep } from "../crypto/provider.ts";
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
  refused,
  type Step,
  say,
  writeIdentity,
} from "./handshake.ts";
import {
  confirmation,
  encodeOffers,
  noCommonKey,
  type Offer,
  startProof,
  wrongKey,
} from "./pre-shared.ts";
import type { RecordLayer } from "./record.ts";
import { KEY_BYTES, Kind, MAX_KEY_IDS, NO_SUITE, SUITE, VERSION } from "./suite.ts";

/** One key the dialer has offered to prove. */
interface Proof {
  readonly id: string;
  readonly pake: PakeStep;
}

/** What the dialer waits for, and all it needs to understand it. */
type State =
  | { readonly waits: "hello"; readonly m1: Uint8Array; readonly ephemeral: Agreement }
  | { readonly waits: "identity"; readonly phase: Phase }
  | {
      readonly waits: "verdict";
      readonly phase: Phase;
      readonly peer: ProvenPeer;
      readonly proofs: readonly Proof[];
    }
  | { readonly waits: "nothing" };

/** The side that opened the channel: sends m1, m4 and, with pre-shared keys, m6. */
export class DialerHandshake implements Handshake {
  readonly #config: HandshakeConfig;
  #state: State = { waits: "nothing" };

  constructor(config: HandshakeConfig) {
    this.#config = config;
  }

  /** m1: version suite e_I */
  start(): Step {
    const ephemeral = this.#config.crypto.agreement(this.#config.random(KEY_BYTES));
    const m1 = concat(Uint8Array.of(VERSION, SUITE), ephemeral.publicKey);
    this.#state = { waits: "hello", m1, ephemeral };
    return { send: [m1] };
  }

  receive(message: Uint8Array): Step {
    const state = this.#state;
    // Whatever goes wrong below, nothing is waited for any more.
    this.#state = { waits: "nothing" };
    return guarded(message, () => {
      switch (state.waits) {
        case "hello":
          return this.#hello(message, state.m1, state.ephemeral);
        case "identity":
          return this.#identity(message, state.phase);
        case "verdict":
          return this.#verdict(message, state.phase, state.peer, state.proofs);
        case "nothing":
          throw failed("a message after its end");
      }
    });
  }

  /** m2: version suite e_R, or version 0 refusal */
  #hello(m2: Uint8Array, m1: Uint8Array, ephemeral: Agreement): Step {
    const reader = new Reader(m2);
    const version = reader.u8();
    if (version !== VERSION)
      throw failed(
        `the other side speaks monte/${version}, this one monte/${VERSION}; bring both up to date`,
      );
    const suite = reader.u8();
    // In the clear anybody on the way could say anything: no code of it is believed.
    if (suite === NO_SUITE)
      throw failed("the other side does not speak this version or cipher suite");
    if (suite !== SUITE)
      throw failed(`the other side chose cipher suite ${suite}, which was not offered`);
    const theirs = reader.bytes(KEY_BYTES);
    reader.finish();

    const phase = enterPhase(this.#config, "dialer", agree(ephemeral, theirs), m1, m2);
    this.#state = { waits: "identity", phase };
    return { send: [] };
  }

  /** m3: proceed identity signature parameters, or refuse code */
  #identity(m3: Uint8Array, phase: Phase): Step {
    const plaintext = openFirst(phase.sealed, m3);
    const reader = new Reader(plaintext);
    expectProceed(reader);
    const peer = readIdentity(this.#config, "responder", phase, reader);
    reader.finish();
    phase.transcript.add(plaintext);

    const objection = this.#config.judge(peer.identity, peer.parameters);
    return objection === undefined ? this.#prove(phase, peer) : refuse(phase, objection);
  }

  /** m4: proceed identity signature parameters offers */
  #prove(phase: Phase, peer: ProvenPeer): Step {
    const { proofs, offers } = this.#offers(phase.transcript.hash, peer.identity);
    const writer = new Writer();
    writer.u8(Kind.proceed);
    writeIdentity(this.#config, "dialer", phase, writer);
    writer.bytes(encodeOffers(offers));
    this.#state = { waits: "verdict", phase, peer, proofs };
    return { send: [say(phase, writer.view())] };
  }

  /** m5: proceed; or prove index share confirmation; or refuse code */
  #verdict(m5: Uint8Array, phase: Phase, peer: ProvenPeer, proofs: readonly Proof[]): Step {
    const plaintext = immediate(phase.sealed.open(m5));
    const reader = new Reader(plaintext);
    const kind = reader.u8();
    if (kind === Kind.refuse) throw refused(reader.u8());
    if (kind === Kind.proceed) {
      reader.finish();
      // A responder that skips the proof would let in whoever does not have the key.
      if (proofs.length > 0) return refuse(phase, noCommonKey());
      phase.transcript.add(plaintext);
      return { send: [], established: establish(this.#config, "dialer", phase, peer, undefined) };
    }
    if (kind !== Kind.prove) throw failed(`a verdict of kind ${kind}`);
    return this.#confirm(plaintext, reader, phase, peer, proofs);
  }

  /** m6: proceed confirmation, or refuse code */
  #confirm(
    plaintext: Uint8Array,
    reader: Reader,
    phase: Phase,
    peer: ProvenPeer,
    proofs: readonly Proof[],
  ): Step {
    const { crypto } = this.#config;
    const proof = proofs[reader.u8()];
    const share = reader.bytes(KEY_BYTES);
    const received = reader.bytes(KEY_BYTES);
    reader.finish();
    if (proof === undefined) throw failed("a pre-shared key that was not offered");
    const sessionKey = proof.pake.finish(share);
    const expected = confirmation(crypto, "responder", sessionKey, phase.transcript.hash);
    if (!equal(expected, received)) return refuse(phase, wrongKey(proof.id));
    phase.transcript.add(plaintext);
    const mine = confirmation(crypto, "dialer", sessionKey, phase.transcript.hash);
    const m6 = say(phase, concat(Uint8Array.of(Kind.proceed), mine));
    return { send: [m6], established: establish(this.#config, "dialer", phase, peer, proof.id) };
  }

  #offers(transcript: Uint8Array, responder: Uint8Array): { proofs: Proof[]; offers: Offer[] } {
    const { crypto, presharedKeys, signer, random } = this.#config;
    const parties = { dialer: signer.publicKey, responder, transcript };
    const proofs: Proof[] = [];
    const offers: Offer[] = [];
    for (const [id, key] of presharedKeys) {
      if (proofs.length === MAX_KEY_IDS) break;
      const pake = startProof(crypto, "initiator", id, key, parties, random);
      proofs.push({ id, pake });
      offers.push({ id, share: pake.share });
    }
    return { proofs, offers };
  }
}

function agree(ephemeral: Agreement, theirs: Uint8Array): Uint8Array {
  // A reflected point would make this side talk to itself.
  if (equal(theirs, ephemeral.publicKey)) throw failed("the other side repeats our own key");
  return ephemeral.agree(theirs);
}

/** The first sealed message is where a wrong network key shows; it looks like changed bytes. */
function openFirst(sealed: RecordLayer, m3: Uint8Array): Uint8Array {
  try {
    return immediate(sealed.open(m3));
  } catch (cause) {
    throw failed(
      "the first sealed message does not open; the network key is another one, or somebody changed bytes on the way",
      { cause },
    );
  }
}
