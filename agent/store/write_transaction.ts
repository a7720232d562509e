import type { DatabaseSync } from "node:sqlite";

/**
 * Runs `work` as one transaction that has the lock on writing from its start, so that nothing that it reads changes before
 * it writes. What it wrote is durable when this returns, and undone if it throws.
 */
export function writeTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    // SQLite has ended the transaction itself when the disk is full.
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}
