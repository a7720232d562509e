import type { EnvoyDocument } from "../../shared/config/envoy_document.ts";
import type { FleetDocument } from "../../shared/config/fleet_document.ts";
import type { PolicyBundle } from "../../shared/config/policy_bundle.ts";
import type { Verifier } from "../../shared/crypto/ed25519.ts";
import type { Opened, SignedBytes } from "../../shared/canonical/signed_document.ts";
import type { AgentDatabase, StoredDocument } from "../store/agent_database.ts";
import { acceptBundle } from "./accept_bundle.ts";
import { acceptEnvoyDocument, acceptFleetDocument } from "./accept_document.ts";

/** A document and the bytes that were signed. */
export interface Held<T> {
  readonly value: T;
  readonly signed: SignedBytes;
}

/** Where the keeping of documents reads and writes: the part of `agent.db` that holds them. */
export type DocumentStore = Pick<AgentDatabase, "document" | "setDocument">;

/**
 * What the server signed for this envoy, kept as signed bytes and judged again when read. Another process of this root
 * may bring newer ones, so the store is asked every time and only parsing is remembered.
 */
export class HeldDocuments {
  readonly #store: DocumentStore;
  readonly #verifier: Verifier;
  readonly #envoyUuid: string;
  readonly #parsed = new Map<StoredDocument, Held<unknown>>();

  constructor(store: DocumentStore, verifier: Verifier, envoyUuid: string) {
    this.#store = store;
    this.#verifier = verifier;
    this.#envoyUuid = envoyUuid;
  }

  bundle(): Held<PolicyBundle> | undefined {
    return this.#read("bundle", (signed) => this.#judgeBundle(signed, 0));
  }

  fleet(): Held<FleetDocument> | undefined {
    return this.#read("fleet", (signed) => acceptFleetDocument(signed, this.#verifier, 0));
  }

  envoy(): Held<EnvoyDocument> | undefined {
    return this.#read(
      "envoy",
      (signed) => acceptEnvoyDocument(signed, this.#verifier, this.#envoyUuid, 0),
    );
  }

  /** Judges a bundle and, if it is good, keeps it durably. */
  takeBundle(signed: SignedBytes): Opened<PolicyBundle> {
    const serial = this.bundle()?.value.serial ?? 0;
    return this.#take("bundle", signed, this.#judgeBundle(signed, serial));
  }

  takeFleet(signed: SignedBytes): Opened<FleetDocument> {
    const serial = this.fleet()?.value.serial ?? 0;
    return this.#take("fleet", signed, acceptFleetDocument(signed, this.#verifier, serial));
  }

  takeEnvoy(signed: SignedBytes): Opened<EnvoyDocument> {
    const serial = this.envoy()?.value.serial ?? 0;
    return this.#take(
      "envoy",
      signed,
      acceptEnvoyDocument(signed, this.#verifier, this.#envoyUuid, serial),
    );
  }

  #judgeBundle(signed: SignedBytes, heldSerial: number): Opened<PolicyBundle> {
    const verdict = acceptBundle(signed, this.#verifier, this.#envoyUuid, heldSerial);
    return verdict.ok ? { ok: true, value: verdict.bundle } : verdict;
  }

  #take<T>(kind: StoredDocument, signed: SignedBytes, verdict: Opened<T>): Opened<T> {
    if (!verdict.ok) return verdict;
    this.#store.setDocument(kind, signed);
    this.#parsed.set(kind, { value: verdict.value, signed });
    return verdict;
  }

  #read<T>(kind: StoredDocument, judge: (signed: SignedBytes) => Opened<T>): Held<T> | undefined {
    const signed = this.#store.document(kind);
    if (!signed) return undefined;
    const known = this.#parsed.get(kind);
    if (known && areEqual(known.signed.signature, signed.signature)) {
      // Proven by the callers: each kind is parsed with one schema.
      return known as Held<T>;
    }
    const verdict = judge(signed);
    // What does not verify here any more is as good as absent: the server sends it again.
    if (!verdict.ok) return undefined;
    const held = { value: verdict.value, signed };
    this.#parsed.set(kind, held);
    return held;
  }
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
