import type { AuditLog } from "../audit/audit_log.ts";
import { type VersionLog, versionRecordSchema } from "../publish/version_log.ts";
import type { Store } from "../store/store.ts";
import { readPublisher } from "../publish/publisher_name.ts";

/** Keeps publishes in the store. Each stands there together with its audit record, also when a start completes the log. */
export class StoreVersionLog implements VersionLog {
  readonly #store: Store;
  readonly #audit: Pick<AuditLog, "recordInside">;

  constructor(store: Store, audit: Pick<AuditLog, "recordInside">) {
    this.#store = store;
    this.#audit = audit;
  }

  async append(record: Parameters<VersionLog["append"]>[0]): Promise<void> {
    const { principal, operator } = readPublisher(record.publishedBy);
    const { version, message, rollbackOf } = record;
    await this.#store.transaction(async (inside) => {
      await inside.configVersions.append({ ...record, live: true });
      await this.#audit.recordInside(
        inside,
        { name: principal },
        rollbackOf === null ? "config.publish" : "config.rollback",
        { version, message, operator },
      );
    });
  }

  async list(limit: number): Promise<Awaited<ReturnType<VersionLog["list"]>>> {
    const versions = await this.#store.configVersions.list(limit);
    return versions.map(({ live: _, ...record }) => versionRecordSchema.parse(record));
  }
}
