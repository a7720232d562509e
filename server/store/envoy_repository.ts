import { type Kysely, sql } from "kysely";
import { z } from "zod";
import { MAX_CHANGE_STREAK, MAX_TIME_MS } from "../../shared/config/run_report.ts";
import type { Atomically } from "./atomically.ts";
import { readColumn } from "./read_column.ts";
import type { EnvoyObservation, EnvoyRecord, EnvoyRepository } from "./store.ts";
import type { Tables } from "./tables.ts";

/** Observations per statement: SQLite allows 32,766 parameters and a row has 20. */
const ROWS_PER_STATEMENT = 200;

const PLAIN_COLUMNS = [
  "seen.uuid",
  "seen.last_seen_ms",
  "seen.interval_ms",
  "seen.observed_hostname",
  "seen.lan_address",
  "seen.swarm_address",
  "seen.agent_version",
  "seen.policy_version",
  "seen.fingerprint",
  "seen.paused_reason",
  "seen.volatile_traits",
  "seen.clone_counter",
  "seen.convergence",
  "seen.bundle_serial",
  "seen.envoy_serial",
  "seen.run_root",
] as const;

/**
 * Numbers that envoys chose, as far as they make sense: a release that did not look may have stored what no view can show, or
 * what a driver cannot even read as a number.
 */
const WITHIN_LIMITS = [
  atMost("paused_until_ms", MAX_TIME_MS),
  atMost("run_serial", Number.MAX_SAFE_INTEGER),
  atMost("run_finished_at_ms", MAX_TIME_MS),
  atMost("change_streak", MAX_CHANGE_STREAK),
];

const tagsSchema = z.record(z.string(), z.string());

export class SqlEnvoyRepository implements EnvoyRepository {
  readonly #database: Kysely<Tables>;
  readonly #atomically: Atomically;

  constructor(
    database: Kysely<Tables>,
    atomically: Atomically,
  ) {
    this.#database = database;
    this.#atomically = atomically;
  }

  add(envoy: EnvoyRecord): Promise<{ ok: true } | { ok: false; reason: "hostname" | "uuid" }> {
    return this.#atomically(async (database) => {
      const byUuid = await database.selectFrom("envoys").select("uuid")
        .where("uuid", "=", envoy.uuid).executeTakeFirst();
      if (byUuid) return { ok: false, reason: "uuid" };
      if (envoy.state === "active" && await findActive(database, envoy.hostname)) {
        return { ok: false, reason: "hostname" };
      }
      await database.insertInto("envoys").values({
        uuid: envoy.uuid,
        hostname: envoy.hostname,
        signing_key: envoy.signingKey,
        state: envoy.state,
        enrolled_at_ms: envoy.enrolledAtMs,
        revoked_at_ms: envoy.revokedAtMs,
        tags: JSON.stringify(envoy.tags),
        tag_revision: envoy.tagRevision,
        suspected_clone: envoy.suspectedClone ? 1 : 0,
        previous_hostname: envoy.previousHostname,
        removed_at_ms: envoy.removedAtMs,
      }).execute();
      return { ok: true };
    });
  }

  async find(uuid: string): Promise<EnvoyRecord | undefined> {
    const row = await this.#database.selectFrom("envoys").selectAll().where("uuid", "=", uuid)
      .executeTakeFirst();
    return row && toEnvoy(row);
  }

  async findActiveByHostname(hostname: string): Promise<EnvoyRecord | undefined> {
    const row = await findActive(this.#database, hostname);
    return row && toEnvoy(row);
  }

  async list(): Promise<EnvoyRecord[]> {
    const rows = await this.#database.selectFrom("envoys").selectAll()
      .orderBy("hostname").orderBy("uuid").execute();
    return rows.map(toEnvoy);
  }

  async revoke(uuid: string, atMs: number): Promise<boolean> {
    const result = await this.#database.updateTable("envoys")
      .set({ state: "revoked", revoked_at_ms: atMs })
      .where("uuid", "=", uuid).where("state", "=", "active").executeTakeFirst();
    return result.numUpdatedRows > 0n;
  }

  async setTags(uuid: string, tags: Readonly<Record<string, string>>): Promise<void> {
    await this.#database.updateTable("envoys")
      .set(({ eb }) => ({ tags: JSON.stringify(tags), tag_revision: eb("tag_revision", "+", 1) }))
      .where("uuid", "=", uuid).execute();
  }

  async setSuspectedClone(uuid: string, suspected: boolean): Promise<void> {
    await this.#database.updateTable("envoys").set({ suspected_clone: suspected ? 1 : 0 })
      .where("uuid", "=", uuid).execute();
  }

  rename(uuid: string, hostname: string): Promise<boolean> {
    return this.#atomically(async (database) => {
      if (await findActive(database, hostname)) return false;
      const result = await database.updateTable("envoys")
        .set(({ ref, fn }) => ({
          hostname,
          // The name that its certificate carries, however often it was renamed since.
          previous_hostname: fn.coalesce(ref("previous_hostname"), ref("hostname")),
        })).where("uuid", "=", uuid).where("state", "=", "active").executeTakeFirst();
      return result.numUpdatedRows > 0n;
    });
  }

  async settleRename(uuid: string): Promise<void> {
    await this.#database.updateTable("envoys").set({ previous_hostname: null })
      .where("uuid", "=", uuid).execute();
  }

  remove(uuid: string, atMs: number): Promise<boolean> {
    return this.#atomically(async (database) => {
      const result = await database.updateTable("envoys").set({ removed_at_ms: atMs, tags: "{}" })
        .where("uuid", "=", uuid).where("state", "=", "revoked")
        .where("removed_at_ms", "is", null).executeTakeFirst();
      if (result.numUpdatedRows === 0n) return false;
      await database.deleteFrom("envoy_stable_traits").where("uuid", "=", uuid).execute();
      await database.deleteFrom("envoy_observations").where("uuid", "=", uuid).execute();
      return true;
    });
  }

  async saveObservations(observations: readonly EnvoyObservation[]): Promise<void> {
    if (observations.length === 0) return;
    // PostgreSQL refuses a statement that replaces a row twice.
    const newest = [...new Map(observations.map((seen) => [seen.uuid, seen])).values()];
    await this.#atomically(async (database) => {
      for (let start = 0; start < newest.length; start += ROWS_PER_STATEMENT) {
        await saveSlice(database, newest.slice(start, start + ROWS_PER_STATEMENT));
      }
    });
  }

  async listObservations(): Promise<EnvoyObservation[]> {
    const rows = await this.#database.selectFrom("envoy_observations as seen")
      .innerJoin("envoy_stable_traits as stable", "stable.uuid", "seen.uuid")
      .select(PLAIN_COLUMNS).select(WITHIN_LIMITS).select("stable.traits as stable_traits")
      .orderBy("seen.uuid").execute();
    return rows.map((row) => ({
      uuid: row.uuid,
      lastSeenMs: row.last_seen_ms,
      intervalMs: row.interval_ms,
      observedHostname: row.observed_hostname,
      lanAddress: row.lan_address,
      swarmAddress: row.swarm_address,
      agentVersion: row.agent_version,
      policyVersion: row.policy_version,
      fingerprint: row.fingerprint,
      pausedReason: row.paused_reason,
      pausedUntilMs: row.paused_until_ms,
      stableTraits: row.stable_traits,
      volatileTraits: row.volatile_traits,
      cloneCounter: row.clone_counter,
      convergence: row.convergence,
      bundleSerial: row.bundle_serial,
      envoySerial: row.envoy_serial,
      runSerial: row.run_serial,
      runRoot: row.run_root,
      runFinishedAtMs: row.run_finished_at_ms,
      changeStreak: row.change_streak,
    }));
  }
}

function atMost<Name extends string>(column: Name, limit: number) {
  const value = sql.ref(`seen.${column}`);
  const bound = sql.lit(limit);
  return sql<number>`case when ${value} > ${bound} then ${bound} else ${value} end`.as(column);
}

function findActive(database: Kysely<Tables>, hostname: string) {
  return database.selectFrom("envoys").selectAll()
    .where(sql`lower(hostname)`, "=", hostname.toLowerCase())
    .where("state", "=", sql.lit("active")).executeTakeFirst();
}

async function saveSlice(
  database: Kysely<Tables>,
  observations: readonly EnvoyObservation[],
): Promise<void> {
  await database.insertInto("envoy_observations").values(observations.map(toRow))
    .onConflict((conflict) =>
      conflict.column("uuid").doUpdateSet(({ ref }) => ({
        last_seen_ms: ref("excluded.last_seen_ms"),
        interval_ms: ref("excluded.interval_ms"),
        observed_hostname: ref("excluded.observed_hostname"),
        lan_address: ref("excluded.lan_address"),
        swarm_address: ref("excluded.swarm_address"),
        agent_version: ref("excluded.agent_version"),
        policy_version: ref("excluded.policy_version"),
        fingerprint: ref("excluded.fingerprint"),
        paused_reason: ref("excluded.paused_reason"),
        paused_until_ms: ref("excluded.paused_until_ms"),
        volatile_traits: ref("excluded.volatile_traits"),
        clone_counter: ref("excluded.clone_counter"),
        convergence: ref("excluded.convergence"),
        bundle_serial: ref("excluded.bundle_serial"),
        envoy_serial: ref("excluded.envoy_serial"),
        run_serial: ref("excluded.run_serial"),
        run_root: ref("excluded.run_root"),
        run_finished_at_ms: ref("excluded.run_finished_at_ms"),
        change_streak: ref("excluded.change_streak"),
      }))
    ).execute();
  await database.insertInto("envoy_stable_traits")
    .values(observations.map(({ uuid, stableTraits }) => ({ uuid, traits: stableTraits })))
    .onConflict((conflict) =>
      conflict.column("uuid")
        .doUpdateSet(({ ref }) => ({ traits: ref("excluded.traits") }))
        // Unchanged traits, nearly all of them, then cost a comparison and no write.
        .whereRef("envoy_stable_traits.traits", "!=", "excluded.traits")
    ).execute();
}

function toRow(observation: EnvoyObservation): Tables["envoy_observations"] {
  return {
    uuid: observation.uuid,
    last_seen_ms: observation.lastSeenMs,
    interval_ms: observation.intervalMs,
    observed_hostname: observation.observedHostname,
    lan_address: observation.lanAddress,
    swarm_address: observation.swarmAddress,
    agent_version: observation.agentVersion,
    policy_version: observation.policyVersion,
    fingerprint: observation.fingerprint,
    paused_reason: observation.pausedReason,
    paused_until_ms: observation.pausedUntilMs,
    volatile_traits: observation.volatileTraits,
    clone_counter: observation.cloneCounter,
    convergence: observation.convergence,
    bundle_serial: observation.bundleSerial,
    envoy_serial: observation.envoySerial,
    run_serial: observation.runSerial,
    run_root: observation.runRoot,
    run_finished_at_ms: observation.runFinishedAtMs,
    change_streak: observation.changeStreak,
  };
}

function toEnvoy(row: Tables["envoys"]): EnvoyRecord {
  return {
    uuid: row.uuid,
    hostname: row.hostname,
    signingKey: row.signing_key,
    state: row.state,
    enrolledAtMs: row.enrolled_at_ms,
    revokedAtMs: row.revoked_at_ms,
    tags: readColumn(tagsSchema, row.tags, `the tags of ${row.hostname}`),
    tagRevision: row.tag_revision,
    suspectedClone: row.suspected_clone === 1,
    previousHostname: row.previous_hostname,
    removedAtMs: row.removed_at_ms,
  };
}
