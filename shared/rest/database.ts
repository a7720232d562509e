import { z } from "zod";
import { endpoint } from "./endpoint.ts";

export const dbStats = endpoint({
  method: "GET",
  path: "/db/stats",
  summary: "Show how large the database is, and of what",
  permission: "admin",
  query: z.object({}),
  body: z.undefined(),
  answer: z.object({
    driver: z.string(),
    schemaVersion: z.number().int(),
    sizeBytes: z.number(),
    /** Space of removed rows, which a vacuum gives back. */
    freeBytes: z.number(),
    /** `database.retention`. */
    retentionMs: z.number(),
    tables: z.array(z.object({ name: z.string(), rows: z.number().int() })),
  }),
});

export const dbIntegrity = endpoint({
  method: "POST",
  path: "/db/integrity",
  summary: "Read the whole database and report what is damaged",
  permission: "admin",
  query: z.object({}),
  body: z.strictObject({}),
  answer: z.object({ sound: z.boolean(), findings: z.array(z.string()) }),
});

export const dbVacuum = endpoint({
  method: "POST",
  path: "/db/vacuum",
  summary: "Give the space of removed rows back to the disk",
  permission: "admin",
  query: z.object({}),
  body: z.strictObject({}),
  answer: z.object({ freedBytes: z.number(), sizeBytes: z.number() }),
});

export const prunedSchema = z.object({
  runs: z.number().int(),
  bundles: z.number().int(),
  tasks: z.number().int(),
  workflows: z.number().int(),
  minutes: z.number().int(),
  /** Published versions whose files were removed; the history keeps their records. */
  versions: z.number().int(),
});

export type Pruned = z.infer<typeof prunedSchema>;

export const dbPrune = endpoint({
  method: "POST",
  path: "/db/prune",
  summary: "Remove what is past database.retention now, as the server does by itself every hour",
  permission: "admin",
  query: z.object({}),
  body: z.strictObject({}),
  answer: prunedSchema,
});
