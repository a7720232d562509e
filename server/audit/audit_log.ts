import type { AuditVerdict, KeptHead } from "../../shared/audit/audit_chain.ts";
import { type AuditHead, openAuditHead, signAuditHead } from "../../shared/audit/audit_head.ts";
import { auditRecordHash, GENESIS_HASH } from "../../shared/audit/audit_record_hash.ts";
import { loadVerifier, type Signer } from "../../shared/crypto/ed25519.ts";
import type { AuditRecord } from "../../shared/rest/audit.ts";
import type { Principal } from "../service/principal.ts";
import type { SignedAuditHead, Store } from "../store/store.ts";
import { SequenceTakenError } from "../store/store_error.ts";
import { assertAuditPayload, type AuditPayload } from "./audit_payload.ts";
import { verifyAuditChain } from "./verify_audit_chain.ts";

/** Another writer may take the next sequence first; each attempt then starts from the new head. */
const MAX_APPEND_ATTEMPTS = 10;

/** The record of who did what: a hash chain in the store, whose head this server signs. */
export class AuditLog {
  readonly #store: Store;
  readonly #signer: Signer;
  readonly #now: () => number;

  /** @param now ms since 1970. */
  constructor(store: Store, signer: Signer, now: () => number) {
    this.#store = store;
    this.#signer = signer;
    this.#now = now;
  }

  /**
   * Appends a record in a transaction of its own; it is durable when this returns.
   *
   * @param action such as `envoy.revoke`.
   * @throws {TypeError} if the payload would log a secret or is too large.
   */
  async record(
    principal: Pick<Principal, "name">,
    action: string,
    payload: AuditPayload,
  ): Promise<AuditRecord> {
    for (let attempt = 1;; attempt += 1) {
      try {
        return await this.#store.transaction((inside) =>
          this.recordInside(inside, principal, action, payload)
        );
      } catch (error) {
        if (!(error instanceof SequenceTakenError) || attempt === MAX_APPEND_ATTEMPTS) throw error;
      }
    }
  }

  /** Appends a record in the caller's transaction, so that the act and its record are kept together or not at all. */
  async recordInside(
    transaction: Store,
    principal: Pick<Principal, "name">,
    action: string,
    payload: AuditPayload,
  ): Promise<AuditRecord> {
    assertAuditPayload(action, payload);
    const head = await transaction.audit.head();
    const content = {
      seq: (head?.seq ?? 0) + 1,
      atMs: Math.trunc(this.#now()),
      principal: principal.name,
      action,
      payload,
      prevHash: head?.hash ?? GENESIS_HASH,
    };
    const record = { ...content, hash: auditRecordHash(content) };
    await transaction.audit.append(record);
    return record;
  }

  /** The key with which heads are signed, hex. */
  get publicKey(): string {
    return this.#signer.publicKey.toHex();
  }

  /**
   * Signs the last record unless it is signed already. What lies before a signed record cannot vanish unnoticed.
   *
   * @returns what was signed, for a log that whoever can write the database cannot; `undefined` if nothing was.
   * @throws {BrokenChainError} if the record that was signed last is not in the chain any more: signing what took its place
   * would make it look right.
   */
  async signHead(): Promise<AuditHead | undefined> {
    const { audit } = this.#store;
    const last = await audit.head();
    const signed = await audit.lastSignedHead();
    if (signed) await this.#assertStillThere(signed);
    if (!last || signed?.seq === last.seq) return undefined;
    const head = { seq: last.seq, hash: last.hash, atMs: Math.trunc(this.#now()) };
    await audit.saveSignedHead({ seq: head.seq, document: signAuditHead(head, this.#signer) });
    return head;
  }

  /** @param kept a head from elsewhere that must still be in the chain. */
  verify(kept?: KeptHead): Promise<AuditVerdict> {
    return verifyAuditChain(this.#store.audit, this.#verifier(), kept);
  }

  async #assertStillThere({ seq, document }: SignedAuditHead): Promise<void> {
    const head = openAuditHead(document, this.#verifier());
    // A row that no longer parses is as good as gone.
    const [record] = await this.#store.audit.readFrom(seq, 1).catch(() => []);
    if (head && record?.seq === seq && record.hash === head.hash) return;
    throw new BrokenChainError(
      `The audit chain is broken: record ${seq}, which was its head once, is changed or gone. Run: vigocli audit verify`,
    );
  }

  #verifier() {
    return loadVerifier(this.#signer.publicKey);
  }
}

/** The audit chain is not what was signed of it. */
export class BrokenChainError extends Error {
  override readonly name = "BrokenChainError";
}
