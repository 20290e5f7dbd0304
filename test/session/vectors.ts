import { provider } from "../../src/crypto/default.node.ts";
import { TroupeError } from "../../src/errors.ts";
import type { HandshakeConfig, Side } from "../../src/session/handshake.ts";
import { RecordLayer } from "../../src/session/record.ts";
import { REFUSALS, REKEY_BYTES, REKEY_RECORDS } from "../../src/session/suite.ts";
import { bytes, hex, whole } from "../crypto/support.ts";
import { Spy } from "./spy.ts";
import { converse, seeded } from "./support.ts";

await provider.preparePake();

/** The shape of test/vectors/session.json. Bytes are hexadecimal. */
export interface SessionVectors {
  readonly note: string;
  readonly handshakes: readonly HandshakeVector[];
  readonly refusals: {
    readonly codes: Readonly<Record<string, string>>;
    readonly clear: readonly ClearRefusal[];
    readonly sealed: readonly SealedRefusal[];
  };
  readonly rekey: RekeyVector;
}

interface PresharedVector {
  readonly id: string;
  readonly key: string;
  /** Of a dialer: the 64 bytes its scalar is made of. */
  readonly uniform?: string;
}

export interface SideVector {
  readonly seed: string;
  readonly identity: string;
  readonly ephemeralSecret: string;
  readonly parameters: string;
  readonly presharedKeys: readonly PresharedVector[];
  /** Of a responder that proves a key: the 64 bytes its scalar is made of. */
  readonly presharedUniform?: string;
}

interface DirectionKeys {
  readonly dialerToResponder: string;
  readonly responderToDialer: string;
}

export interface HandshakeVector {
  readonly comment: string;
  readonly networkKey?: string;
  readonly dialer: SideVector;
  readonly responder: SideVector;
  readonly sharedSecret: string;
  readonly handshakeSecret: string;
  readonly handshakeKeys: DirectionKeys;
  readonly presharedSessionKey?: string;
  readonly messages: readonly {
    readonly name: string;
    readonly from: Side;
    readonly plaintext: string;
    readonly bytes: string;
    readonly transcript?: string;
    readonly signed?: string;
  }[];
  readonly trafficKeys: DirectionKeys;
  readonly records: readonly {
    readonly from: Side;
    readonly plaintext: string;
    readonly bytes: string;
  }[];
}

interface ClearRefusal {
  readonly comment: string;
  readonly m1: string;
  readonly answer: string;
}

interface SealedRefusal {
  readonly comment: string;
  readonly from: Side;
  readonly insteadOf: string;
  readonly code: string;
  readonly plaintext: string;
  readonly bytes: string;
}

export interface RekeyVector {
  readonly comment: string;
  readonly rule: { readonly records: number; readonly bytes: number };
  readonly key: string;
  readonly records: readonly {
    readonly key: string;
    readonly counter: number;
    readonly plaintext: string;
    readonly bytes: string;
  }[];
}

const NOTE = [
  "monte/2: both sides of whole handshakes with every secret in them. Bytes are hexadecimal.",
  "A side's inputs: seed (Ed25519), ephemeralSecret (X25519), parameters, presharedKeys (id as text;",
  "key; uniform: what the CPace scalar is made of, little-endian, modulo the group order) and",
  "presharedUniform, the same of the responder. Without networkKey, 32 zero bytes stand for it.",
  "A message's transcript is the hash after it; m1 has none. signed: what the signature in it is over.",
  "records: the first ones after the handshake, in the order given, each direction counting from 0.",
  `Keys are replaced after ${REKEY_RECORDS} records or ${REKEY_BYTES} bytes of plaintext; the rekey`,
  "vector shows it under a rule of its own, for one direction.",
].join(" ");

const random = seeded("troupe test vectors for monte/2");
const text = (value: string): string => hex(new TextEncoder().encode(value));

const ALICE = side("0000112233445566778899aabbccddeeff");
const BOB = side("01ffeeddccbbaa99887766554433221100");

function side(parameters: string): SideVector {
  const seed = random(32);
  return {
    seed: hex(seed),
    identity: hex(provider.signer(seed).publicKey),
    ephemeralSecret: hex(random(32)),
    parameters,
    presharedKeys: [],
  };
}

const NETWORK_KEY = hex(random(32));
const alicesKeys: SideVector = {
  ...ALICE,
  presharedKeys: [
    { id: "staging", key: text("correct horse battery staple"), uniform: hex(random(64)) },
    { id: "équipe", key: text("qwerty456"), uniform: hex(random(64)) },
  ],
};
const bobsKeys: SideVector = {
  ...BOB,
  presharedKeys: [{ id: "équipe", key: text("qwerty456") }],
  presharedUniform: hex(random(64)),
};

/** Makes all of them from the code. */
export const makeSessionVectors = (): SessionVectors => ({
  note: NOTE,
  handshakes: [
    handshake("neither network key nor pre-shared keys", ALICE, BOB),
    handshake("no parameters, and a network key", bare(ALICE), bare(BOB), NETWORK_KEY),
    handshake("pre-shared keys: two offered, the second one in common", alicesKeys, bobsKeys),
    handshake("network key and pre-shared keys", alicesKeys, bobsKeys, NETWORK_KEY),
  ],
  refusals: {
    codes: REFUSALS,
    clear: [
      clear("a version there is not yet", `0301${"09".padEnd(64, "0")}`),
      clear("the version before this one", `0101${"09".padEnd(64, "0")}`),
      clear("a suite there is not", `0202${"09".padEnd(64, "0")}`),
    ],
    sealed: [
      sealed("of the first handshake, by a dialer that pins another key", "dialer", "WRONG_PEER"),
      sealed("of the first handshake, by a responder's allow list", "responder", "NOT_ALLOWED"),
      sealed(
        "by a responder that has keys, to a dialer that has none",
        "responder",
        "NO_COMMON_KEY",
      ),
    ],
  },
  rekey: rekey(),
});

const bare = (side: SideVector): SideVector => ({ ...side, parameters: "" });

/** A side as the code takes it, its randomness being what the vector says. */
function configOf(spy: Spy, vector: SideVector, networkKey: string | undefined): HandshakeConfig {
  const uniforms = vector.presharedKeys.map(({ uniform }) => uniform);
  const draws = [vector.ephemeralSecret, ...uniforms, vector.presharedUniform].filter(
    (draw) => draw !== undefined,
  );
  return {
    crypto: spy.crypto,
    signer: provider.signer(bytes(vector.seed)),
    networkKey: networkKey === undefined ? undefined : bytes(networkKey),
    presharedKeys: new Map(vector.presharedKeys.map(({ id, key }) => [id, bytes(key)])),
    parameters: bytes(vector.parameters),
    judge: () => undefined,
    random: (length) => {
      const draw = draws.shift();
      if (draw?.length !== 2 * length) throw new Error(`${length} random bytes are not provided`);
      return bytes(draw);
    },
  };
}

function handshake(
  comment: string,
  dialer: SideVector,
  responder: SideVector,
  networkKey?: string,
): HandshakeVector {
  const [alice, bob] = [new Spy(provider), new Spy(provider)];
  const wire: { readonly from: Side; readonly bytes: Uint8Array }[] = [];
  const signed: string[] = [];
  const noting = (config: HandshakeConfig): HandshakeConfig => ({
    ...config,
    signer: {
      publicKey: config.signer.publicKey,
      sign: (message) => {
        signed.push(hex(message));
        return config.signer.sign(message);
      },
    },
  });
  const ends = converse(
    noting(configOf(alice, dialer, networkKey)),
    noting(configOf(bob, responder, networkKey)),
    (message, _, to) => {
      wire.push({ from: to === "dialer" ? "responder" : "dialer", bytes: message });
      return [message];
    },
  );

  const transcripts = alice.derived("transcript").map(hex);
  const plaintexts = { dialer: [...alice.sealings], responder: [...bob.sealings] };
  const messages = wire.map(({ from, bytes }, i) => ({
    name: `m${i + 1}`,
    from,
    plaintext: hex(i < 2 ? bytes : (plaintexts[from].shift()?.plaintext ?? bytes)),
    bytes: hex(bytes),
    ...(i === 0 ? {} : { transcript: transcripts[i - 1] ?? "" }),
    // The responder signs in m3, the dialer in m4.
    ...(i === 2 || i === 3 ? { signed: signed[i - 2] ?? "" } : {}),
  }));
  const exchange = bob.exchanges[0]?.sessionKey;
  return {
    comment,
    ...(networkKey === undefined ? {} : { networkKey }),
    dialer,
    responder,
    sharedSecret: hex(alice.sharedSecrets[0] ?? bytes("")),
    handshakeSecret: hex(alice.first("handshake secret")),
    handshakeKeys: directions(alice, "handshake"),
    ...(exchange === undefined ? {} : { presharedSessionKey: hex(exchange) }),
    messages,
    trafficKeys: directions(alice, "traffic"),
    records: ["", "first", "second"].flatMap((said) =>
      (["dialer", "responder"] as const).map((from) => {
        const plaintext = new TextEncoder().encode(said === "" ? "" : `${said} of the ${from}`);
        const records = ends[from].established?.records;
        if (records === undefined) throw new Error("not established");
        return { from, plaintext: hex(plaintext), bytes: hex(whole(records.seal(plaintext))) };
      }),
    ),
  };
}

const directions = (spy: Spy, phase: "handshake" | "traffic"): DirectionKeys => ({
  dialerToResponder: hex(spy.first(`${phase} dialer to responder`)),
  responderToDialer: hex(spy.first(`${phase} responder to dialer`)),
});

function clear(comment: string, m1: string): ClearRefusal {
  const { responder } = converse(
    configOf(new Spy(provider), ALICE, undefined),
    configOf(new Spy(provider), BOB, undefined),
    (message, index) => [index === 0 ? bytes(m1) : message],
  );
  return { comment, m1, answer: responder.said.map(hex).join() };
}

function sealed(
  comment: string,
  from: Side,
  code: "NOT_ALLOWED" | "NO_COMMON_KEY" | "WRONG_PEER",
): SealedRefusal {
  const judge = (): TroupeError => new TroupeError(code, "refused");
  const spies = { dialer: new Spy(provider), responder: new Spy(provider) };
  const vectors = { dialer: ALICE, responder: code === "NO_COMMON_KEY" ? bobsKeys : BOB };
  const config = (side: Side): HandshakeConfig => ({
    ...configOf(spies[side], vectors[side], undefined),
    ...(side === from && code !== "NO_COMMON_KEY" ? { judge } : {}),
  });
  const ends = converse(config("dialer"), config("responder"));
  return {
    comment,
    from,
    insteadOf: from === "dialer" ? "m4" : "m5",
    code,
    plaintext: hex(spies[from].sealings.at(-1)?.plaintext ?? bytes("")),
    bytes: hex(ends[from].said.at(-1) ?? bytes("")),
  };
}

function rekey(): RekeyVector {
  const spy = new Spy(provider);
  const rule = { records: 3, bytes: 100 };
  const key = random(32);
  const layer = new RecordLayer(spy.crypto, key, random(32), rule);
  const sealed = [10, 0, 20, 99, 1, 100, 5].map((length) => whole(layer.seal(random(length))));
  return {
    comment: "by three records, then by a hundred bytes in two records, then in one",
    rule,
    key: hex(key),
    records: spy.sealings.map(({ key, counter, plaintext }, i) => ({
      key: hex(key),
      counter,
      plaintext: hex(plaintext),
      bytes: hex(sealed[i] ?? bytes("")),
    })),
  };
}
