import type { AuditLog } from "../audit/audit_log.ts";
import type { RetentionKeeper } from "../retention/retention_keeper.ts";
import type { Store } from "../store/store.ts";
import type { RouteTable } from "./route.ts";

export interface DatabaseDependencies {
  readonly store: Pick<Store, "stats" | "integrity" | "vacuum">;
  readonly retention: RetentionKeeper;
  readonly audit: Pick<AuditLog, "record">;
}

type DatabaseEndpoints = "dbStats" | "dbIntegrity" | "dbVacuum" | "dbPrune";

/** Looking after the database. */
export function databaseRoutes(
  { store, retention, audit }: DatabaseDependencies,
): RouteTable<DatabaseEndpoints> {
  return {
    dbStats: async () => {
      const { tables, ...stats } = await store.stats();
      return { ...stats, retentionMs: retention.retentionMs, tables: [...tables] };
    },
    dbIntegrity: async ({ principal }) => {
      const findings = await store.integrity();
      await audit.record(principal, "db.integrity", { findings: findings.length });
      return { sound: findings.length === 0, findings };
    },
    dbVacuum: async ({ principal }) => {
      await audit.record(principal, "db.vacuum", {});
      const freedBytes = await store.vacuum();
      return { freedBytes, sizeBytes: (await store.stats()).sizeBytes };
    },
    dbPrune: async ({ principal }) => {
      // First, since it goes on for long, and whatever ends it leaves things removed.
      await audit.record(principal, "db.prune", { retentionMs: retention.retentionMs });
      return await retention.prune();
    },
  };
}
