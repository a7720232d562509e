import { parseKeptHead } from "../../shared/audit/audit_chain.ts";
import { type AuditLog, BrokenChainError } from "../audit/audit_log.ts";
import { readAuditPage } from "../audit/read_audit_page.ts";
import type { AuditRepository } from "../store/store.ts";
import { CursorError } from "../store/store_error.ts";
import { ApiError } from "./api_error.ts";
import type { RouteTable } from "./route.ts";

export interface AuditDependencies {
  readonly log: AuditLog;
  readonly repository: AuditRepository;
}

/** Views of the audit chain. */
export function auditRoutes(
  { log, repository }: AuditDependencies,
): RouteTable<"auditExport" | "auditList" | "auditVerify"> {
  return {
    auditList: async ({ query: { limit, cursor, principal, action, since } }) => {
      const before = cursor === undefined ? undefined : readCursor(cursor);
      const damaged: number[] = [];
      const records = await repository.list({
        // One more than asked for tells whether another page follows.
        limit: limit + 1,
        ...(before === undefined ? {} : { before }),
        ...(principal === undefined ? {} : { principal }),
        ...(action === undefined ? {} : { action }),
        ...(since === undefined ? {} : { sinceMs: since }),
      }, ({ seq }) => damaged.push(seq));
      const found = [...records.map(({ seq }) => seq), ...damaged].sort((one, other) =>
        other - one
      );
      const last = found.slice(0, limit).at(-1) ?? 0;
      return {
        records: records.filter(({ seq }) => seq >= last),
        unreadable: damaged.filter((seq) => seq >= last),
        nextCursor: found.length > limit ? String(last) : null,
      };
    },
    auditVerify: async ({ query }) => {
      const kept = query.head === undefined ? undefined : parseKeptHead(query.head);
      if (query.head !== undefined && kept === undefined) {
        throw new ApiError(
          400,
          `Cannot read head ${
            JSON.stringify(query.head)
          }: expected HASH or SEQ:HASH as verify prints it`,
        );
      }
      return { ...await log.verify(kept), publicKey: log.publicKey };
    },
    auditExport: async ({ query: { limit, cursor } }) => {
      // So that the end of what is exported is signed too. A chain that is broken already is exported as it is.
      if (cursor === undefined) await log.signHead().catch(unlessBroken);
      const first = cursor === undefined ? 1 : readCursor(cursor) + 1;
      const { page: records, damaged } = await readAuditPage(repository, first, limit);
      if (damaged && records.length === 0) {
        throw new ApiError(
          409,
          `Cannot export beyond record ${
            first - 1
          }: the next one cannot be read. Run: vigocli audit verify`,
        );
      }
      const last = records.at(-1)?.seq ?? first;
      const heads = records.length === 0 ? [] : await repository.signedHeads(first, last);
      return {
        publicKey: log.publicKey,
        records,
        heads: heads.map(({ seq, document }) => ({
          seq,
          payload: document.payload.toBase64(),
          signature: document.signature.toBase64(),
        })),
        nextCursor: records.length < limit && !damaged ? null : String(last),
      };
    },
  };
}

/** The sequence at which the page before ended. */
function readCursor(cursor: string): number {
  if (!/^[1-9]\d{0,14}$/.test(cursor)) throw new CursorError(cursor);
  return Number(cursor);
}

function unlessBroken(error: unknown): void {
  if (!(error instanceof BrokenChainError)) throw error;
}
