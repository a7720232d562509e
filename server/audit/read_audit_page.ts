import type { AuditRecord } from "../../shared/rest/audit.ts";
import type { AuditRepository } from "../store/store.ts";
import { DamagedRecordError } from "../store/store_error.ts";

/** A page of the chain, oldest first, or what comes before a record that cannot be read at all. */
export async function readAuditPage(
  repository: AuditRepository,
  from: number,
  limit: number,
): Promise<{ page: AuditRecord[]; damaged: boolean }> {
  const page: AuditRecord[] = [];
  try {
    return { page: await repository.readFrom(from, limit), damaged: false };
  } catch (error) {
    if (!(error instanceof DamagedRecordError)) throw error;
    // One by one: how many come before it is not in its number where others are missing.
    for (let next = from; next < error.seq;) {
      const [record] = await repository.readFrom(next, 1).catch(unlessDamaged);
      if (!record) break;
      page.push(record);
      next = record.seq + 1;
    }
    return { page, damaged: true };
  }
}

function unlessDamaged(error: unknown): AuditRecord[] {
  if (error instanceof DamagedRecordError) return [];
  throw error;
}
