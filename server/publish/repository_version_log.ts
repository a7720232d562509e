import type { ConfigVersion } from "../../shared/rest/config.ts";
import { type VersionLog, type VersionRecord, versionRecordSchema } from "./version_log.ts";

/** The part of the store's table of versions that a log needs. */
export interface ConfigVersionTable {
  append(version: ConfigVersion): Promise<void>;
  /** Newest first. */
  list(limit: number): Promise<readonly ConfigVersion[]>;
}

/** A version log in the server's store. */
export class RepositoryVersionLog implements VersionLog {
  constructor(private readonly table: ConfigVersionTable) {}

  append(record: VersionRecord): Promise<void> {
    return this.table.append({ ...record, live: true });
  }

  async list(limit: number): Promise<readonly VersionRecord[]> {
    const rows = await this.table.list(limit);
    return rows.map(({ live: _, ...row }) => versionRecordSchema.parse(row));
  }
}
