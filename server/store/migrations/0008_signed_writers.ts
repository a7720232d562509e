import type { Migration } from "./migration.ts";

/** The puddle's word on which envoy writes a topic; the envoys give it again for the topics that are there. */
export const signedWriters: Migration = {
  number: 8,
  name: "signed writers",
  async apply({ schema }) {
    await schema.alterTable("poolq_topics").addColumn("appointment", "text").execute();
  },
};
