import type { DatabaseSync } from "node:sqlite";
import { writeTransaction } from "./write_transaction.ts";

/** What the agent remembers of one task. */
export interface LedgerEntry {
  readonly taskId: string;
  /** `started`: its command was, or is about to be, run. `finished`: the result is known. `stored`: the server has it, too. */
  readonly state: "started" | "finished" | "stored";
  /** Protobuf of a `TaskResult`; `undefined` while it is only started. */
  readonly result: Uint8Array | undefined;
}

/** Why a task may not be begun. */
export type BeginRefusal = "known" | "forgotten" | "full";

/** Limits of the ledger; smaller in tests. */
export interface LedgerLimits {
  /** Results that wait for the server. */
  readonly waitingResults: number;
  /** Tasks remembered after the server has their result. */
  readonly remembered: number;
  /** Bytes of results, of both kinds. */
  readonly bytes: number;
}

export const LEDGER_LIMITS: LedgerLimits = {
  waitingResults: 1_000,
  remembered: 5_000,
  bytes: 64 * 1024 * 1024,
};

/** The table behind it; made by whoever opens the database. */
export const LEDGER_SCHEMA = `
  CREATE TABLE task (
    task_id TEXT PRIMARY KEY, issued_at_ms INTEGER NOT NULL, state TEXT NOT NULL, result BLOB
  ) STRICT;
`;

/**
 * Which tasks were begun, durably, so that none is ever run twice: whatever is sent again finds its id here. Ids that are
 * forgotten to make room leave behind the time of the latest of them, and nothing that was issued before it is begun any
 * more; no clock takes part in that.
 *
 * Every method is one transaction that is durable when it returns.
 */
export class TaskLedger {
  readonly #db: DatabaseSync;
  readonly #limits: LedgerLimits;

  constructor(db: DatabaseSync, limits: LedgerLimits = LEDGER_LIMITS) {
    this.#db = db;
    this.#limits = limits;
  }

  find(taskId: string): LedgerEntry | undefined {
    const row = this.#db.prepare("SELECT task_id, state, result FROM task WHERE task_id = ?")
      .get(taskId);
    return row && readEntry(row);
  }

  /** Writes down that a task is begun. Only after that may its command be run. */
  begin(taskId: string, issuedAtMs: number): { ok: true } | { ok: false; reason: BeginRefusal } {
    return writeTransaction(this.#db, () => {
      if (this.find(taskId)) return { ok: false, reason: "known" };
      if (issuedAtMs <= this.#floor()) return { ok: false, reason: "forgotten" };
      if (this.countWaiting() >= this.#limits.waitingResults) return { ok: false, reason: "full" };
      this.#db.prepare("INSERT INTO task VALUES (?, ?, 'started', NULL)").run(taskId, issuedAtMs);
      return { ok: true };
    });
  }

  /**
   * Keeps the result of a task until the server has it, be it begun before or not.
   *
   * @param brief the same result without output, for when there is no room for more.
   */
  finish(taskId: string, issuedAtMs: number, result: Uint8Array, brief: Uint8Array): void {
    writeTransaction(this.#db, () => {
      const isTooMuch = this.#countBytes() + result.length > this.#limits.bytes;
      this.#db.prepare(
        `INSERT INTO task VALUES (?, ?, 'finished', ?) ON CONFLICT (task_id)
         DO UPDATE SET state = excluded.state, result = excluded.result WHERE state = 'started'`,
      ).run(taskId, issuedAtMs, isTooMuch ? brief : result);
    });
  }

  /** The server has the result; what is kept of it answers whoever sends the task again. */
  confirm(taskId: string): void {
    writeTransaction(this.#db, () => {
      this.#db.prepare("UPDATE task SET state = 'stored' WHERE task_id = ? AND state = 'finished'")
        .run(taskId);
      this.#forget();
    });
  }

  /** The result that has waited longest after another; of all, if none is given. */
  nextWaiting(after?: string): LedgerEntry | undefined {
    const row = this.#db.prepare(
      `SELECT task_id, state, result FROM task WHERE state = 'finished'
       AND rowid > coalesce((SELECT rowid FROM task WHERE task_id = ?), 0) ORDER BY rowid LIMIT 1`,
    ).get(after ?? "");
    return row && readEntry(row);
  }

  countWaiting(): number {
    const row = this.#db.prepare("SELECT count(*) AS n FROM task WHERE state = 'finished'").get();
    return Number(row?.["n"]);
  }

  /** Tasks that were begun and not finished: when nothing runs, by a process that is gone. */
  listStarted(): { readonly taskId: string; readonly issuedAtMs: number }[] {
    return this.#db.prepare("SELECT task_id, issued_at_ms FROM task WHERE state = 'started'").all()
      .map((row) => ({
        taskId: String(row["task_id"]),
        issuedAtMs: Number(row["issued_at_ms"]),
      }));
  }

  #floor(): number {
    const row = this.#db.prepare("SELECT value FROM fact WHERE name = 'taskFloorMs'").get();
    return Number(row?.["value"] ?? -1);
  }

  #countBytes(): number {
    const row = this.#db.prepare("SELECT coalesce(sum(length(result)), 0) AS n FROM task").get();
    return Number(row?.["n"]);
  }

  #forget(): void {
    const old = this.#db.prepare(
      "SELECT task_id, issued_at_ms, length(result) AS size FROM task WHERE state = 'stored' ORDER BY issued_at_ms",
    ).all();
    let remembered = old.length, bytes = this.#countBytes();
    for (const row of old) {
      if (remembered <= this.#limits.remembered && bytes <= this.#limits.bytes / 2) return;
      this.#db.prepare("DELETE FROM task WHERE task_id = ?").run(String(row["task_id"]));
      this.#db.prepare(
        `INSERT INTO fact VALUES ('taskFloorMs', ?) ON CONFLICT (name)
         DO UPDATE SET value = max(value, excluded.value)`,
      ).run(Number(row["issued_at_ms"]));
      remembered -= 1;
      bytes -= Number(row["size"]);
    }
  }
}

function readEntry(row: Record<string, unknown>): LedgerEntry {
  const result = row["result"];
  const state = row["state"];
  return {
    taskId: String(row["task_id"]),
    state: state === "finished" || state === "stored" ? state : "started",
    result: result instanceof Uint8Array ? result : undefined,
  };
}
