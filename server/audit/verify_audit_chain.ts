import { setImmediate } from "node:timers/promises";
import type { Verifier } from "../../shared/crypto/ed25519.ts";
import { isSha256 } from "../../shared/crypto/sha256.ts";
import type { AuditRecord } from "../../shared/rest/audit.ts";
import type { AuditRepository } from "../store/store.ts";
import { DamagedRecordError } from "../store/store_error.ts";
import { type AuditHead, openAuditHead } from "./audit_head.ts";
import { auditRecordHash, GENESIS_HASH } from "./audit_record_hash.ts";

/** Records read at once; between two pages other work gets its turn. */
const PAGE_RECORDS = 500;

/** What became of a check of the whole chain. */
export interface AuditVerdict {
  readonly intact: boolean;
  /** Records that were checked and found good. */
  readonly records: number;
  /** Hash of the last good record. */
  readonly headHash: string;
  /** Sequence of the first record that is changed, missing or out of place. */
  readonly brokenAt: number | null;
  /** One line; empty when intact. */
  readonly reason: string;
}

/**
 * Follows the chain from its first record and compares it with the last signed head. A change, a gap and a swap show in
 * the hashes; a chain cut at its end shows only against the head, up to which nothing can be taken away unnoticed.
 */
export async function verifyAuditChain(
  repository: AuditRepository,
  verifier: Verifier,
): Promise<AuditVerdict> {
  const signed = await repository.lastSignedHead();
  const head = signed && openAuditHead(signed.document, verifier);
  let records = 0;
  let headHash = GENESIS_HASH;
  const broken = (brokenAt: number, reason: string): AuditVerdict => ({
    intact: false,
    records,
    headHash,
    brokenAt,
    reason,
  });
  while (true) {
    const { page, damaged } = await readPage(repository, records + 1);
    for (const record of page) {
      const fault = findFault(record, records + 1, headHash, head);
      if (fault) return broken(records + 1, fault);
      records += 1;
      headHash = record.hash;
    }
    if (damaged) return broken(records + 1, `record ${records + 1} cannot be read`);
    if (page.length < PAGE_RECORDS) break;
    await setImmediate();
  }
  if (signed && !head) {
    return broken(signed.seq, `the signed head of record ${signed.seq} is not by this server`);
  }
  if (head && head.seq > records) {
    return broken(records + 1, `the chain was cut: record ${head.seq} was its head once`);
  }
  return { intact: true, records, headHash, brokenAt: null, reason: "" };
}

function findFault(
  record: AuditRecord,
  seq: number,
  prevHash: string,
  head: AuditHead | undefined,
): string | undefined {
  if (record.seq !== seq) return `record ${seq} is missing`;
  if (record.prevHash !== prevHash) return `record ${seq} does not follow the record before it`;
  // The previous hash was computed here or is the genesis, so it is well-formed; the record's own need not be.
  if (!isSha256(record.hash) || auditRecordHash(record) !== record.hash) {
    return `record ${seq} was changed`;
  }
  if (head?.seq === seq && head.hash !== record.hash) {
    return `record ${seq} is not the one whose hash was signed`;
  }
  return undefined;
}

/** A page, or what comes before a record that cannot be read at all. */
async function readPage(
  repository: AuditRepository,
  from: number,
): Promise<{ page: AuditRecord[]; damaged: boolean }> {
  try {
    return { page: await repository.readFrom(from, PAGE_RECORDS), damaged: false };
  } catch (error) {
    if (!(error instanceof DamagedRecordError)) throw error;
    const before = error.seq - from;
    return { page: before > 0 ? await repository.readFrom(from, before) : [], damaged: true };
  }
}
