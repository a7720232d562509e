import { sql, type Transaction } from "kysely";
import type { Tables } from "../tables.ts";
import type { Migration } from "./migration.ts";

/** Who may use the server: users, their API tokens and sessions, and who failed to log in of late. */
export const people: Migration = {
  number: 3,
  name: "people",
  async apply({ schema }: Transaction<Tables>) {
    await schema.createTable("users")
      .addColumn("name", "text", (column) => column.primaryKey())
      .addColumn("role", "text", (column) => column.notNull())
      .addColumn("password", "text", (column) => column.notNull())
      .addColumn("created_at_ms", "bigint", (column) => column.notNull())
      .addColumn("created_by", "text", (column) => column.notNull())
      .addColumn("password_at_ms", "bigint", (column) => column.notNull())
      .addColumn("last_login_ms", "bigint")
      .addColumn("disabled_at_ms", "bigint")
      .execute();
    await schema.createTable("api_tokens")
      .addColumn("hash", "text", (column) => column.primaryKey())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("role", "text", (column) => column.notNull())
      .addColumn("owner", "text")
      .addColumn("created_at_ms", "bigint", (column) => column.notNull())
      .addColumn("created_by", "text", (column) => column.notNull())
      .addColumn("expires_at_ms", "bigint", (column) => column.notNull())
      .addColumn("last_used_ms", "bigint")
      .addColumn("revoked_at_ms", "bigint")
      .execute();
    // A name means one token at a time; the audit log tells by it who acted.
    await schema.createIndex("api_tokens_by_name").on("api_tokens").column("name").unique()
      .where(sql.ref("revoked_at_ms"), "is", null).execute();
    await schema.createIndex("api_tokens_by_owner").on("api_tokens").column("owner").execute();
    await schema.createTable("sessions")
      .addColumn("hash", "text", (column) => column.primaryKey())
      .addColumn("user_name", "text", (column) => column.notNull())
      .addColumn("created_at_ms", "bigint", (column) => column.notNull())
      .addColumn("active_at_ms", "bigint", (column) => column.notNull())
      .execute();
    await schema.createIndex("sessions_by_user").on("sessions").column("user_name").execute();
    await schema.createTable("login_failures")
      .addColumn("subject", "text", (column) => column.primaryKey())
      .addColumn("failures", "integer", (column) => column.notNull())
      .addColumn("failed_at_ms", "bigint", (column) => column.notNull())
      .execute();
  },
};
