import { canonicalJson } from "../canonical/canonical_json.ts";
import { DOMAIN } from "../canonical/domain.ts";
import { encodeFrame } from "../canonical/frame.ts";
import { sha256Hex } from "../crypto/sha256.ts";
import type { AuditRecord } from "../rest/audit.ts";

/** What the first record names as its predecessor. */
export const GENESIS_HASH = "00".repeat(32);

/** The hash that a record must carry: it covers the record's content and, through `prevHash`, everything before it. */
export function auditRecordHash(record: Omit<AuditRecord, "hash">): string {
  return sha256Hex(encodeFrame(DOMAIN.auditRecord, [
    Uint8Array.fromHex(record.prevHash),
    BigInt(record.seq),
    BigInt(record.atMs),
    record.principal,
    record.action,
    canonicalJson(record.payload),
  ]));
}
