import type { VersionLog, VersionRecord } from "./version_log.ts";

/** A log that lasts as long as the object: for tests. */
export class MemoryVersionLog implements VersionLog {
  readonly records: VersionRecord[] = [];

  append(record: VersionRecord): Promise<void> {
    this.records.push(record);
    return Promise.resolve();
  }

  list(limit: number): Promise<readonly VersionRecord[]> {
    return Promise.resolve(this.records.toReversed().slice(0, limit));
  }
}
