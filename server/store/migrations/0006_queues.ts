import type { Migration } from "./migration.ts";

/** Queues of the fleet: topics, and their messages. */
export const queues: Migration = {
  number: 6,
  name: "queues",
  async apply({ schema }) {
    await schema.createTable("poolq_topics")
      .addColumn("topic_id", "text", (column) => column.primaryKey())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("founder", "text", (column) => column.notNull())
      .addColumn("writer", "text", (column) => column.notNull())
      .addColumn("user_name", "text", (column) => column.notNull())
      .addColumn("first_seq", "bigint", (column) => column.notNull())
      .addColumn("head_seq", "bigint", (column) => column.notNull())
      .addColumn("head_id", "text", (column) => column.notNull())
      .addColumn("head_posted_at_ms", "bigint", (column) => column.notNull())
      .addColumn("received_at_ms", "bigint", (column) => column.notNull())
      .addColumn("size_bytes", "bigint", (column) => column.notNull())
      .addColumn("delegations", "text", (column) => column.notNull())
      .addColumn("equivocation", "text")
      .execute();
    await schema.createTable("poolq_messages")
      .addColumn("topic_id", "text", (column) => column.notNull())
      .addColumn("seq", "bigint", (column) => column.notNull())
      .addColumn("msg_id", "text", (column) => column.notNull())
      .addColumn("posted_at_ms", "bigint", (column) => column.notNull())
      .addColumn("received_at_ms", "bigint", (column) => column.notNull())
      .addColumn("size_bytes", "integer", (column) => column.notNull())
      .addColumn("message", "text", (column) => column.notNull())
      .addPrimaryKeyConstraint("poolq_messages_key", ["topic_id", "seq"])
      .execute();
  },
};
