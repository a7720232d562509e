import { sql, type Transaction } from "kysely";
import type { Tables } from "../tables.ts";
import type { Migration } from "./migration.ts";

/** Envoys, certificates, enrolment, runs, audit, facts, published versions and the swarm manifest. */
export const firstSchema: Migration = {
  number: 1,
  name: "first_schema",
  async apply(transaction) {
    await createEnvoys(transaction);
    await createEnrolment(transaction);
    await createHistory(transaction);
    await createFleetState(transaction);
  },
};

async function createEnvoys({ schema }: Transaction<Tables>): Promise<void> {
  await schema.createTable("envoys")
    .addColumn("uuid", "text", (column) => column.primaryKey())
    .addColumn("hostname", "text", (column) => column.notNull())
    .addColumn("signing_key", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("enrolled_at_ms", "bigint", (column) => column.notNull())
    .addColumn("revoked_at_ms", "bigint")
    .addColumn("tags", "text", (column) => column.notNull())
    .addColumn("tag_revision", "bigint", (column) => column.notNull())
    .addColumn("suspected_clone", "integer", (column) => column.notNull())
    .execute();
  await schema.createIndex("envoys_active_hostname").unique().on("envoys")
    .expression(sql`lower(hostname)`).where(sql.ref("state"), "=", sql.lit("active")).execute();

  await schema.createTable("envoy_observations")
    .addColumn("uuid", "text", (column) => column.primaryKey().references("envoys.uuid"))
    .addColumn("last_seen_ms", "bigint", (column) => column.notNull())
    .addColumn("interval_ms", "bigint", (column) => column.notNull())
    .addColumn("observed_hostname", "text", (column) => column.notNull())
    .addColumn("lan_address", "text", (column) => column.notNull())
    .addColumn("swarm_address", "text", (column) => column.notNull())
    .addColumn("agent_version", "text", (column) => column.notNull())
    .addColumn("policy_version", "text", (column) => column.notNull())
    .addColumn("fingerprint", "text", (column) => column.notNull())
    .addColumn("paused_reason", "text", (column) => column.notNull())
    .addColumn("volatile_traits", "text", (column) => column.notNull())
    .addColumn("clone_counter", "bigint", (column) => column.notNull())
    .addColumn("convergence", "text", (column) => column.notNull())
    .addColumn("bundle_serial", "bigint", (column) => column.notNull())
    .addColumn("envoy_serial", "bigint", (column) => column.notNull())
    .execute();
  // Apart from the rest, because they are large and seldom change, while the rest is written every few seconds.
  await schema.createTable("envoy_stable_traits")
    .addColumn("uuid", "text", (column) => column.primaryKey().references("envoys.uuid"))
    .addColumn("traits", "text", (column) => column.notNull())
    .execute();

  await schema.createTable("certificates")
    .addColumn("fingerprint", "text", (column) => column.primaryKey())
    .addColumn("envoy_uuid", "text", (column) => column.notNull().references("envoys.uuid"))
    .addColumn("not_after_ms", "bigint", (column) => column.notNull())
    .addColumn("revoked_at_ms", "bigint")
    .execute();
  await schema.createIndex("certificates_envoy").on("certificates").column("envoy_uuid").execute();
}

async function createEnrolment({ schema }: Transaction<Tables>): Promise<void> {
  await schema.createTable("enroll_tokens")
    .addColumn("hash", "text", (column) => column.primaryKey())
    .addColumn("created_at_ms", "bigint", (column) => column.notNull())
    .addColumn("expires_at_ms", "bigint", (column) => column.notNull())
    .addColumn("uses", "integer", (column) => column.notNull())
    .addColumn("uses_left", "integer", (column) => column.notNull().check(sql`uses_left >= 0`))
    .addColumn("hostname", "text")
    .addColumn("replace_envoy", "integer", (column) => column.notNull())
    .addColumn("created_by", "text", (column) => column.notNull())
    .addColumn("revoked_at_ms", "bigint")
    .execute();
  await schema.createTable("enroll_answers")
    .addColumn("token_hash", "text", (column) => column.notNull())
    .addColumn("request_hash", "text", (column) => column.notNull())
    .addColumn("envoy_uuid", "text", (column) => column.notNull())
    .addColumn("certificate_pem", "text", (column) => column.notNull())
    .addColumn("expires_at_ms", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("enroll_answers_key", ["token_hash", "request_hash"])
    .execute();
}

async function createHistory({ schema }: Transaction<Tables>): Promise<void> {
  await schema.createTable("runs")
    .addColumn("run_id", "text", (column) => column.primaryKey())
    .addColumn("envoy_uuid", "text", (column) => column.notNull())
    .addColumn("started_at_ms", "bigint", (column) => column.notNull())
    .addColumn("is_failed", "integer", (column) => column.notNull())
    .addColumn("summary", "text", (column) => column.notNull())
    .addColumn("report", "text", (column) => column.notNull())
    .execute();
  await schema.createIndex("runs_by_time").on("runs").columns(["started_at_ms", "run_id"])
    .execute();
  await schema.createIndex("runs_by_envoy").on("runs")
    .columns(["envoy_uuid", "started_at_ms", "run_id"]).execute();

  await schema.createTable("audit_records")
    .addColumn("seq", "bigint", (column) => column.primaryKey())
    .addColumn("at_ms", "bigint", (column) => column.notNull())
    .addColumn("principal", "text", (column) => column.notNull())
    .addColumn("action", "text", (column) => column.notNull())
    .addColumn("payload", "text", (column) => column.notNull())
    .addColumn("prev_hash", "text", (column) => column.notNull())
    .addColumn("hash", "text", (column) => column.notNull())
    .execute();
  await schema.createTable("audit_heads")
    .addColumn("seq", "bigint", (column) => column.primaryKey())
    .addColumn("payload", "text", (column) => column.notNull())
    .addColumn("signature", "text", (column) => column.notNull())
    .execute();
}

async function createFleetState({ schema }: Transaction<Tables>): Promise<void> {
  await schema.createTable("facts")
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("value", "text", (column) => column.notNull())
    .execute();
  await schema.createTable("config_versions")
    .addColumn("seq", "bigint", (column) => column.primaryKey())
    .addColumn("version", "text", (column) => column.notNull())
    .addColumn("published_at_ms", "bigint", (column) => column.notNull())
    .addColumn("published_by", "text", (column) => column.notNull())
    .addColumn("message", "text", (column) => column.notNull())
    .addColumn("is_live", "integer", (column) => column.notNull())
    .addColumn("rollback_of", "text")
    .execute();
  await schema.createTable("manifest_entries")
    .addColumn("sha256", "text", (column) => column.notNull())
    .addColumn("author", "text", (column) => column.notNull())
    .addColumn("stamp", "bigint", (column) => column.notNull())
    .addColumn("entry", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("manifest_entries_key", ["sha256", "author"])
    .execute();
}
