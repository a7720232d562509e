import { z } from "zod";

/** The subsystems that ride the swarm; each has a gate of its own. */
export const SWARM_SUBSYSTEMS = [
  "payload",
  "puddle",
  "gitback",
  "longdrawer",
  "curator",
  "poolq",
] as const;

export type SwarmSubsystem = typeof SWARM_SUBSYSTEMS[number];

/** What one envoy must know about itself: its gates, resolved by the server, and its tags. Signed by the server. */
export const envoyDocumentSchema = z.strictObject({
  schema: z.literal(1),
  envoyUuid: z.uuid(),
  /** The hostname bound at enrolment. */
  hostname: z.string().min(1).max(253),
  serial: z.number().int().positive(),
  issuedAtMs: z.number().int().nonnegative(),
  checkin: z.strictObject({
    /** How long without a server the last bundle stays in force, in ms; 0 is for ever. */
    bundleMaxAgeMs: z.number().int().nonnegative(),
  }),
  swarm: z.strictObject({
    enabled: z.boolean(),
    port: z.number().int().min(1).max(65535),
    maxBandwidthPercent: z.number().int().min(1).max(100),
    maxUploadMbps: z.number().positive().nullable(),
    serverFallback: z.boolean(),
    /** Whether this envoy may originate seeds. */
    seeder: z.boolean(),
    subsystems: z.record(z.enum(SWARM_SUBSYSTEMS), z.boolean()),
  }),
  tags: z.record(z.string().max(128), z.string().max(256)),
});

export type EnvoyDocument = z.infer<typeof envoyDocumentSchema>;
