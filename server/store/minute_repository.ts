import { type Kysely, sql } from "kysely";
import type { Minute } from "../../shared/rest/fleet.ts";
import type { MinuteRepository } from "./store.ts";
import type { Tables } from "./tables.ts";

/** What is added up; the rest is a state. */
type Counted = "check_ins" | "runs" | "origin_bytes" | "peer_bytes" | "server_bytes";

export class SqlMinuteRepository implements MinuteRepository {
  readonly #database: Kysely<Tables>;

  constructor(database: Kysely<Tables>) {
    this.#database = database;
  }

  async add(row: Minute): Promise<void> {
    await this.#database.insertInto("minutes").values({
      minute_ms: row.minuteMs,
      check_ins: row.checkIns,
      runs: row.runs,
      online: row.online,
      converged: row.converged,
      degraded: row.degraded,
      failed: row.failed,
      no_data: row.noData,
      origin_bytes: row.originBytes,
      peer_bytes: row.peerBytes,
      server_bytes: row.serverBytes,
    }).onConflict((conflict) =>
      conflict.column("minute_ms").doUpdateSet(({ ref }) => {
        const sum = (name: Counted) =>
          sql<number>`${ref(`minutes.${name}`)} + ${ref(`excluded.${name}`)}`;
        return {
          check_ins: sum("check_ins"),
          runs: sum("runs"),
          origin_bytes: sum("origin_bytes"),
          peer_bytes: sum("peer_bytes"),
          server_bytes: sum("server_bytes"),
          online: ref("excluded.online"),
          converged: ref("excluded.converged"),
          degraded: ref("excluded.degraded"),
          failed: ref("excluded.failed"),
          no_data: ref("excluded.no_data"),
        };
      })
    ).execute();
  }

  async list(sinceMs: number, limit: number): Promise<Minute[]> {
    const rows = await this.#database.selectFrom("minutes").selectAll()
      .where("minute_ms", ">=", sinceMs).orderBy("minute_ms").limit(limit).execute();
    return rows.map((row) => ({
      minuteMs: row.minute_ms,
      checkIns: row.check_ins,
      runs: row.runs,
      online: row.online,
      converged: row.converged,
      degraded: row.degraded,
      failed: row.failed,
      noData: row.no_data,
      originBytes: row.origin_bytes,
      peerBytes: row.peer_bytes,
      serverBytes: row.server_bytes,
    }));
  }

  async prune(beforeMs: number): Promise<number> {
    const result = await this.#database.deleteFrom("minutes").where("minute_ms", "<", beforeMs)
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}
