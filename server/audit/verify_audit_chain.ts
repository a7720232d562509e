import { setImmediate } from "node:timers/promises";
import { AuditChain, type AuditVerdict, type KeptHead } from "../../shared/audit/audit_chain.ts";
import { openAuditHead } from "../../shared/audit/audit_head.ts";
import type { Verifier } from "../../shared/crypto/ed25519.ts";
import type { AuditRepository } from "../store/store.ts";
import { readAuditPage } from "./read_audit_page.ts";

/** Records read at once; between two pages other work gets its turn. */
const PAGE_RECORDS = 500;

/**
 * Follows the chain in the store from its first record, beside every head that was signed: the last one alone would say
 * nothing of a chain that was rewritten and signed again since.
 *
 * @param kept a head from elsewhere that must still be in the chain.
 */
export async function verifyAuditChain(
  repository: AuditRepository,
  verifier: Verifier,
  kept?: KeptHead,
): Promise<AuditVerdict> {
  const chain = new AuditChain(kept);
  while (!chain.isBroken) {
    const first = chain.records + 1;
    const { page, damaged } = await readAuditPage(repository, first, PAGE_RECORDS);
    const isLast = damaged || page.length < PAGE_RECORDS;
    const heads = await repository.signedHeads(
      first,
      isLast ? Number.MAX_SAFE_INTEGER : first + PAGE_RECORDS - 1,
    );
    const bySeq = new Map(heads.map(({ seq, document }) => [seq, document]));
    for (const record of page) {
      if (chain.isBroken) break;
      chain.addRecord(record);
      const document = bySeq.get(record.seq);
      if (document && !chain.isBroken) {
        chain.addHead(record.seq, openAuditHead(document, verifier));
      }
    }
    if (damaged && !chain.isBroken) {
      const seq = chain.records + 1;
      chain.break(seq, `record ${seq} cannot be read`);
    }
    if (isLast) {
      const beyond = heads.find(({ seq }) => seq > chain.records);
      if (beyond && !chain.isBroken) {
        chain.addHead(beyond.seq, openAuditHead(beyond.document, verifier));
      }
      break;
    }
    await setImmediate();
  }
  return chain.verdict();
}
