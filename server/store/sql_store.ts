import type { Kysely, Transaction } from "kysely";
import type { Atomically } from "./atomically.ts";
import { SqlAuditRepository } from "./audit_repository.ts";
import { SqlCertificateRepository } from "./certificate_repository.ts";
import { SqlConfigVersionRepository } from "./config_version_repository.ts";
import { SqlEnrollTokenRepository } from "./enroll_token_repository.ts";
import { SqlEnvoyRepository } from "./envoy_repository.ts";
import { SqlFactRepository } from "./fact_repository.ts";
import { SqlManifestRepository } from "./manifest_repository.ts";
import { SqlQueueRepository } from "./queue_repository.ts";
import { SqlRunRepository } from "./run_repository.ts";
import {
  SqlApiTokenRepository,
  SqlLoginFailureRepository,
  SqlSessionRepository,
  SqlUserRepository,
} from "./people_repositories.ts";
import { SqlBundleRepository } from "./bundle_repository.ts";
import { SqlMinuteRepository } from "./minute_repository.ts";
import type { Store } from "./store.ts";
import { SqlTaskRepository } from "./task_repository.ts";
import type { Tables } from "./tables.ts";
import { SqlWorkflowRepository } from "./workflow_repository.ts";

/** What each database does in its own way. */
export type Upkeep = Pick<Store, "integrity" | "stats" | "vacuum">;

type Repositories = Omit<Store, "transaction" | "close" | keyof Upkeep>;

/**
 * A store over any database that kysely speaks to; `upkeep` is what this one does in its own way.
 *
 * @param begin the first thing in every transaction, which lets them take turns where the database does not.
 *
 * SQLite has one connection: everything else waits while a transaction runs, so work inside one must use the store it is
 * given, never the outer one, or it waits for itself.
 */
export function createSqlStore(
  database: Kysely<Tables>,
  upkeep: Upkeep,
  begin?: (transaction: Kysely<Tables>) => Promise<void>,
): Store {
  const atomically = <T>(work: (transaction: Transaction<Tables>) => Promise<T>) =>
    database.transaction().execute(async (transaction) => {
      await begin?.(transaction);
      return await work(transaction);
    });
  return {
    ...createRepositories(database, atomically),
    transaction: (work) => atomically((transaction) => work(storeInside(transaction, upkeep))),
    ...upkeep,
    close: () => database.destroy(),
  };
}

function storeInside(transaction: Transaction<Tables>, upkeep: Upkeep): Store {
  return {
    ...createRepositories(transaction, (work) => work(transaction)),
    transaction: () => Promise.reject(new Error("Cannot nest a transaction: use the given store")),
    ...upkeep,
    vacuum: () => Promise.reject(new Error("Cannot vacuum a store inside its transaction")),
    close: () => Promise.reject(new Error("Cannot close a store inside its transaction")),
  };
}

function createRepositories(
  database: Kysely<Tables>,
  atomically: Atomically,
): Repositories {
  return {
    envoys: new SqlEnvoyRepository(database, atomically),
    certificates: new SqlCertificateRepository(database),
    enrollTokens: new SqlEnrollTokenRepository(database),
    runs: new SqlRunRepository(database),
    bundles: new SqlBundleRepository(database, atomically),
    minutes: new SqlMinuteRepository(database),
    users: new SqlUserRepository(database),
    apiTokens: new SqlApiTokenRepository(database),
    sessions: new SqlSessionRepository(database),
    loginFailures: new SqlLoginFailureRepository(database),
    audit: new SqlAuditRepository(database),
    facts: new SqlFactRepository(database),
    configVersions: new SqlConfigVersionRepository(database, atomically),
    manifest: new SqlManifestRepository(database, atomically),
    tasks: new SqlTaskRepository(database, atomically),
    workflows: new SqlWorkflowRepository(database),
    queues: new SqlQueueRepository(database, atomically),
  };
}
