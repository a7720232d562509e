import { DatabaseSync } from "node:sqlite";
import type { SignedBytes } from "../../shared/canonical/signed_document.ts";
import { LEDGER_SCHEMA, TaskLedger } from "./task_ledger.ts";
import { countToDrop, type QueueLimits } from "./report_queue.ts";
import { writeTransaction } from "./write_transaction.ts";

/** A report that the server has not confirmed. */
export interface QueuedReport {
  readonly sequence: number;
  readonly runId: string;
  /** UTF-8 JSON (shared/config/run_report.ts). */
  readonly report: Uint8Array;
}

/** Signed things that are kept as they came. */
export type StoredDocument = "bundle" | "fleet" | "envoy";

/** Small facts that outlive the process. */
export interface AgentFacts {
  /** Presented with the next check-in. */
  cloneToken: Uint8Array;
  /** Server time minus local time, in ms. */
  clockOffsetMs: number;
  /** Local time of the last answered check-in, in ms since 1970. */
  lastAnsweredAtMs: number;
  /** Interval that the server asked for. */
  intervalMs: number;
  /** Reports that the full queue lost and no check-in has told of. */
  droppedReports: number;
  /** JSON of the last run's heartbeat. */
  heartbeat: string;
  /** JSON of what each resource was last found or made (daemon/settled_resources.ts). */
  settledResources: string;
  /** JSON of the last good stable traits, by collector. */
  stableTraits: string;
  /** JSON list of resources that were notified by a run that ended before they ran. */
  pendingNotifications: string;
  /** JSON of what secrets were written to, without values (apply/secret_traces.ts). */
  secretTraces: string;
  /** No task that was issued by then is begun: it may have been, and been forgotten (tasks/task_ledger.ts). */
  taskFloorMs: number;
  /** JSON of the pause (store/pause.ts); empty for none. */
  pause: string;
}

const SCHEMA_VERSION = 2;

/** Version 1; later ones are made by the steps behind it. */
const FIRST_SCHEMA = `
  CREATE TABLE fact (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT;
  CREATE TABLE document (kind TEXT PRIMARY KEY, payload BLOB NOT NULL, signature BLOB NOT NULL) STRICT;
  CREATE TABLE report (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL UNIQUE, report BLOB NOT NULL
  ) STRICT;
`;

/** What each version adds, from the first. */
const STEPS: readonly string[] = [FIRST_SCHEMA, LEDGER_SCHEMA];

/** How long a statement waits for another process's transaction, in ms; each of ours takes a few. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * What the agent remembers between its starts (`agent.db`). Every method is one transaction that is durable when it
 * returns: after a crash the file holds all of it or none of it.
 */
export class AgentDatabase implements Disposable {
  readonly #db: DatabaseSync;
  readonly #limits: QueueLimits | undefined;
  /** Which tasks were begun, and what came of them. */
  readonly tasks: TaskLedger;

  private constructor(db: DatabaseSync, limits: QueueLimits | undefined) {
    this.#db = db;
    this.#limits = limits;
    this.tasks = new TaskLedger(db);
  }

  /**
   * Opens the file, making it if it is not there.
   *
   * @throws {Error} if it is damaged, locked, or of a later version.
   */
  static open(path: string, limits?: QueueLimits): AgentDatabase {
    const db = new DatabaseSync(path);
    try {
      db.exec(
        `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;`,
      );
      migrate(db, path);
      const check = db.prepare("PRAGMA quick_check(1)").get();
      if (check?.["quick_check"] !== "ok") {
        throw new Error(`database disk image is malformed: ${check?.["quick_check"]}`);
      }
    } catch (error) {
      db.close();
      throw error;
    }
    return new AgentDatabase(db, limits);
  }

  fact<Name extends keyof AgentFacts>(name: Name): AgentFacts[Name] | undefined {
    const value = this.#db.prepare("SELECT value FROM fact WHERE name = ?").get(name)?.["value"];
    // Proven by setFacts, the only writer, which stores the declared type under each name.
    return value as AgentFacts[Name] | undefined;
  }

  /** Sets several facts at once. */
  setFacts(facts: Partial<AgentFacts>): void {
    writeTransaction(this.#db, () => {
      const set = this.#db.prepare(
        "INSERT INTO fact VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      );
      for (const [name, value] of Object.entries(facts)) set.run(name, value);
    });
  }

  document(kind: StoredDocument): SignedBytes | undefined {
    const row = this.#db.prepare("SELECT payload, signature FROM document WHERE kind = ?").get(
      kind,
    );
    const payload = row?.["payload"], signature = row?.["signature"];
    return payload instanceof Uint8Array && signature instanceof Uint8Array
      ? { payload, signature }
      : undefined;
  }

  setDocument(kind: StoredDocument, { payload, signature }: SignedBytes): void {
    this.#db.prepare(
      `INSERT INTO document VALUES (?, ?, ?) ON CONFLICT (kind)
       DO UPDATE SET payload = excluded.payload, signature = excluded.signature`,
    ).run(kind, payload, signature);
  }

  /** Queues a report, dropping the oldest beyond the limits; returns how many were dropped. */
  enqueueReport(runId: string, report: Uint8Array): number {
    return writeTransaction(this.#db, () => {
      this.#db.prepare("INSERT OR IGNORE INTO report (run_id, report) VALUES (?, ?)").run(
        runId,
        report,
      );
      const rows = this.#db.prepare(
        "SELECT sequence, length(report) AS size FROM report ORDER BY sequence",
      ).all();
      const dropped = countToDrop(rows.map((row) => Number(row["size"])), this.#limits);
      for (const row of rows.slice(0, dropped)) this.#remove(Number(row["sequence"]));
      if (dropped > 0) {
        const total = (this.fact("droppedReports") ?? 0) + dropped;
        this.#db.prepare(
          "INSERT INTO fact VALUES ('droppedReports', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        ).run(total);
      }
      return dropped;
    });
  }

  /** The oldest unconfirmed report. */
  oldestReport(): QueuedReport | undefined {
    const row = this.#db.prepare(
      "SELECT sequence, run_id, report FROM report ORDER BY sequence LIMIT 1",
    ).get();
    const report = row?.["report"];
    if (!row || !(report instanceof Uint8Array)) return undefined;
    return { sequence: Number(row["sequence"]), runId: String(row["run_id"]), report };
  }

  /** Forgets a report that the server has confirmed or will never take. */
  removeReport(sequence: number): void {
    this.#remove(sequence);
  }

  /** How many reports wait. */
  countReports(): number {
    return Number(this.#db.prepare("SELECT count(*) AS n FROM report").get()?.["n"]);
  }

  close(): void {
    this.#db.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #remove(sequence: number): void {
    this.#db.prepare("DELETE FROM report WHERE sequence = ?").run(sequence);
  }
}

function migrate(db: DatabaseSync, path: string): void {
  const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (version === SCHEMA_VERSION) return;
  if (version > SCHEMA_VERSION) {
    throw new Error(
      `Cannot open ${path}: it was written by a newer vigo (version ${version}). Upgrade this one`,
    );
  }
  writeTransaction(db, () => {
    // Another process may have made the tables between the look and the lock.
    const found = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
    for (const step of STEPS.slice(found)) db.exec(step);
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  });
}
