import { z } from "zod";

/** Largest fleet document, in bytes of its payload. */
export const MAX_FLEET_DOCUMENT_BYTES = 256 * 1024;

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);

/** Most topics, and most keys, that are blocked at a time. */
export const MAX_QUEUE_BLOCKS = 500;
/** In a document of before there were queues. */
const NO_QUEUES = {
  maxMsgBytes: 16 * 1024,
  retentionSecs: 30 * 86_400,
  blockedTopics: [],
  blockedKeys: [],
};

/** Most puddles that are evicted from an envoy at a time. */
export const MAX_EVICTED_PUDDLES = 500;

/** What every envoy of a fleet must know about the others; the same for all, signed by the server. */
export const fleetDocumentSchema = z.strictObject({
  schema: z.literal(1),
  /** max(previous + 1, server clock in ms); a lower one is never accepted. */
  serial: z.number().int().positive(),
  issuedAtMs: z.number().int().nonnegative(),
  swarm: z.strictObject({
    /** Gate list of hostnames that may originate seeds. */
    seeders: z.array(z.string().max(256)).max(1000),
    /**
     * ed25519 keys (hex) of the envoys that `seeders` admits now, with the hostname each was enrolled under, and until when
     * a certificate binds the two: what is stamped later does not count.
     */
    seederKeys: z.array(z.strictObject({
      key: hex32,
      hostname: z.string().max(253),
      /** In ms; absent for no end. */
      validUntilMs: z.number().int().nonnegative().optional(),
    })).max(1000),
  }),
  /** Of queues: their limits, and what no envoy may serve or show. */
  poolq: z.strictObject({
    /** Largest body, in bytes of UTF-8. */
    maxMsgBytes: z.number().int().positive(),
    retentionSecs: z.number().int().positive(),
    blockedTopics: z.array(hex32).max(MAX_QUEUE_BLOCKS),
    /** ed25519 keys of founders and authors. */
    blockedKeys: z.array(hex32).max(MAX_QUEUE_BLOCKS),
  }).default(NO_QUEUES),
  /** Puddles that may not be on an envoy: it removes their wrapped keys, and what they post there does not count. */
  evictedPuddles: z.array(z.strictObject({ publicKey: hex32, envoyUuid: z.uuid() }))
    .max(MAX_EVICTED_PUDDLES).default([]),
  /** UUIDs whose certificates no peer accepts any more. */
  revokedEnvoys: z.array(z.uuid()).max(4000),
  /** SHA-256 fingerprints of single certificates that are not accepted any more. */
  revokedCertificates: z.array(hex32).max(4000),
});

export type FleetDocument = z.infer<typeof fleetDocumentSchema>;
