import { AgentDatabase } from "./agent_database.ts";
import { isAbsent } from "./is_absent.ts";

/** Where a refusal to read is told. */
export interface DatabaseLog {
  error(message: string, properties: Record<string, unknown>): void;
}

/** SQLite's primary result codes for a file that is not a sound database (sqlite.org/rescode.html). */
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/**
 * Opens `agent.db`. A damaged file is set aside as `agent.db.damaged-<time>` and a new one started, with an error in the
 * log: the bundle and the documents are fetched again; what is lost are reports that were never sent.
 *
 * @throws {Error} if it is locked or unreadable for any other reason.
 */
export async function openAgentDatabase(
  path: string,
  log: DatabaseLog,
  nowMs: number,
): Promise<AgentDatabase> {
  try {
    await createPrivate(path);
    return AgentDatabase.open(path);
  } catch (error) {
    if (!isDamaged(error)) {
      throw new Error(
        `Cannot open ${path}: ${error instanceof Error ? error.message : error}`,
        { cause: error },
      );
    }
    const aside = `${path}.damaged-${nowMs}`;
    for (const suffix of ["", "-wal", "-shm"]) await moveIfPresent(path + suffix, aside + suffix);
    log.error(
      "agent database is damaged; it was set aside and a new one started. Policy and documents will be fetched again; run reports that were not sent are lost",
      { path, aside, reason: error instanceof Error ? error.message : String(error) },
    );
    await createPrivate(path);
    const db = AgentDatabase.open(path);
    // Which tasks were begun is lost with the rest.
    db.setFacts({ taskFloorMs: nowMs });
    return db;
  }
}

/** Reports quote files that only root may read; SQLite would create the file for everybody. */
async function createPrivate(path: string): Promise<void> {
  const file = await Deno.open(path, { write: true, create: true, mode: 0o600 });
  file.close();
}

function isDamaged(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : -1;
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB ||
    /malformed|not a database/.test(error.message);
}

async function moveIfPresent(from: string, to: string): Promise<void> {
  try {
    await Deno.rename(from, to);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}
