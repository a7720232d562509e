import type { DatabaseSync } from "node:sqlite";

/** Reads all of a database, which takes as long as that does. @returns one line for whatever is damaged. */
export function checkIntegrity(database: DatabaseSync): string[] {
  const findings = database.prepare("PRAGMA integrity_check").all()
    .map((row) => String(row["integrity_check"]))
    .filter((text) => text !== "ok");
  const references = database.prepare("PRAGMA foreign_key_check").all();
  return [
    ...findings,
    ...references.map(({ rowid, table, parent }) =>
      `row ${rowid} of ${table} names a missing row of ${parent}`
    ),
  ];
}
