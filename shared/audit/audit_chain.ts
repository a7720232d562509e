import { isSha256 } from "../crypto/sha256.ts";
import type { AuditRecord } from "../rest/audit.ts";
import type { AuditHead } from "./audit_head.ts";
import { auditRecordHash, GENESIS_HASH } from "./audit_record_hash.ts";

/** What became of a check of a whole chain. */
export interface AuditVerdict {
  readonly intact: boolean;
  /** Records that were checked and found good. */
  readonly records: number;
  /** Hash of the last good record. */
  readonly headHash: string;
  /** Sequence of the first record that is changed, missing or out of place; `null` if that cannot be told. */
  readonly brokenAt: number | null;
  /** One line; empty when intact. */
  readonly reason: string;
}

/** A head that somebody kept elsewhere; without its sequence any record may have the hash. */
export interface KeptHead {
  readonly seq?: number;
  readonly hash: string;
}

/** Reads `HASH` or `SEQ:HASH`; `undefined` if it is neither. */
export function parseKeptHead(text: string): KeptHead | undefined {
  const [, seq, hash] = /^(?:([1-9]\d{0,14}):)?([0-9a-f]{64})$/.exec(text.trim().toLowerCase()) ??
    [];
  if (hash === undefined) return undefined;
  return { hash, ...(seq === undefined ? {} : { seq: Number(seq) }) };
}

/**
 * Follows a chain from its first record, record by record, beside the heads that were signed over time. A change, a gap and a
 * swap show in the hashes; a chain that was cut, or rebuilt with right hashes, shows only against a head that was signed
 * or kept elsewhere before.
 */
export class AuditChain {
  readonly #kept: KeptHead | undefined;
  #records = 0;
  #headHash = GENESIS_HASH;
  #isKeptSeen = false;
  #fault: { readonly brokenAt: number | null; readonly reason: string } | undefined;

  /** @param kept a head that must be in the chain. */
  constructor(kept?: KeptHead) {
    this.#kept = kept;
  }

  /** Records that were found good so far. */
  get records(): number {
    return this.#records;
  }

  /** Whether something did not fit; what follows is of no interest then. */
  get isBroken(): boolean {
    return this.#fault !== undefined;
  }

  /** The next record. */
  addRecord(record: AuditRecord): void {
    const seq = this.#records + 1;
    const fault = this.#faultOf(record, seq);
    if (fault !== undefined) return this.break(seq, fault);
    this.#records = seq;
    this.#headHash = record.hash;
    if (this.#kept && (this.#kept.seq ?? seq) === seq && this.#kept.hash === record.hash) {
      this.#isKeptSeen = true;
    }
  }

  /**
   * A head that was signed once, after the record that it names.
   *
   * @param head `undefined` if the signature is not by the server's key.
   */
  addHead(seq: number, head: AuditHead | undefined): void {
    if (!head || head.seq !== seq) {
      return this.break(seq, `the signed head of record ${seq} is not by this server`);
    }
    if (seq > this.#records) {
      return this.break(
        this.#records + 1,
        `the chain was cut: record ${seq} was its head once`,
      );
    }
    if (seq === this.#records && head.hash !== this.#headHash) {
      this.break(seq, `record ${seq} is not the one whose hash was signed`);
    }
  }

  /** Something else that is wrong; the first of all stands. */
  break(brokenAt: number | null, reason: string): void {
    this.#fault ??= { brokenAt, reason };
  }

  /** What the check came to, after the last record. */
  verdict(): AuditVerdict {
    if (this.#kept && !this.#isKeptSeen) this.#explainMissing(this.#kept);
    return {
      intact: this.#fault === undefined,
      records: this.#records,
      headHash: this.#headHash,
      brokenAt: this.#fault?.brokenAt ?? null,
      reason: this.#fault?.reason ?? "",
    };
  }

  #explainMissing({ seq, hash }: KeptHead): void {
    if (seq === undefined) {
      const reason =
        `no record has the hash ${hash}: since it was kept, the chain was cut or rebuilt, or it is of another chain`;
      this.break(null, reason);
    } else if (seq > this.#records) {
      this.break(this.#records + 1, `the chain was cut: record ${seq} was kept as its head`);
    } else this.break(seq, `record ${seq} is not the one whose hash was kept`);
  }

  #faultOf(record: AuditRecord, seq: number): string | undefined {
    if (record.seq !== seq) return `record ${seq} is missing`;
    if (record.prevHash !== this.#headHash) {
      return `record ${seq} does not follow the record before it`;
    }
    // The previous hash was computed here or is the genesis, so it is well-formed; the record's own need not be.
    if (!isSha256(record.hash) || hashOf(record) !== record.hash) {
      return `record ${seq} was changed`;
    }
    return undefined;
  }
}

/** `undefined` for what no record can hold, such as a time before 1970. */
function hashOf(record: AuditRecord): string | undefined {
  try {
    return auditRecordHash(record);
  } catch {
    return undefined;
  }
}
