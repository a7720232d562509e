import type { AuditLog } from "../audit/audit_log.ts";
import type { AuditRepository } from "../store/store.ts";
import type { RouteTable } from "./route.ts";

export interface AuditDependencies {
  readonly log: AuditLog;
  readonly repository: AuditRepository;
}

/** Views of the audit chain. */
export function auditRoutes(
  { log, repository }: AuditDependencies,
): RouteTable<"auditList" | "auditVerify"> {
  return {
    auditList: async ({ query: { limit, before } }) => ({
      records: await repository.list({ limit, ...(before === undefined ? {} : { before }) }),
    }),
    auditVerify: () => log.verify(),
  };
}
