import { loadVerifier, type Signer } from "../../shared/crypto/ed25519.ts";
import type { AuditRecord } from "../../shared/rest/audit.ts";
import type { Principal } from "../auth/principal.ts";
import type { Store } from "../store/store.ts";
import { SequenceTakenError } from "../store/store_error.ts";
import { type AuditHead, signAuditHead } from "./audit_head.ts";
import { assertAuditPayload, type AuditPayload } from "./audit_payload.ts";
import { auditRecordHash, GENESIS_HASH } from "./audit_record_hash.ts";
import { type AuditVerdict, verifyAuditChain } from "./verify_audit_chain.ts";

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

  /**
   * Signs the last record unless it is signed already. What lies before a signed record cannot vanish unnoticed.
   *
   * @returns what was signed, for a log that whoever can write the database cannot; `undefined` if nothing was.
   */
  async signHead(): Promise<AuditHead | undefined> {
    const last = await this.#store.audit.head();
    const signed = await this.#store.audit.lastSignedHead();
    if (!last || signed?.seq === last.seq) return undefined;
    const head = { seq: last.seq, hash: last.hash, atMs: Math.trunc(this.#now()) };
    await this.#store.audit.saveSignedHead({
      seq: head.seq,
      document: signAuditHead(head, this.#signer),
    });
    return head;
  }

  verify(): Promise<AuditVerdict> {
    return verifyAuditChain(this.#store.audit, loadVerifier(this.#signer.publicKey));
  }
}
