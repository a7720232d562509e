import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { pageOf, pageQuery } from "./page.ts";

export const auditRecordSchema = z.object({
  seq: z.number().int(),
  atMs: z.number().int(),
  principal: z.string(),
  action: z.string(),
  payload: z.record(z.string(), z.json()),
  prevHash: z.string(),
  hash: z.string(),
});
export type AuditRecord = z.infer<typeof auditRecordSchema>;

/** A head as it was signed; `shared/audit/audit_head.ts` opens it. */
export const signedHeadSchema = z.object({
  seq: z.number().int(),
  payload: z.base64(),
  signature: z.base64(),
});
export type SignedHead = z.infer<typeof signedHeadSchema>;

export const auditList = endpoint({
  method: "GET",
  path: "/audit",
  summary: "List audit records, newest first",
  permission: "admin",
  query: pageQuery(50).extend({
    /** Of this principal alone, as in `user:ann`. */
    principal: z.string().max(128).optional(),
    /** Of this action alone, or of all that begin so, as in `envoy.` or `envoy.revoke`. */
    action: z.string().max(64).optional(),
    /** ms since 1970. */
    since: z.coerce.number().int().nonnegative().optional(),
  }),
  body: z.undefined(),
  answer: pageOf({
    records: z.array(auditRecordSchema),
    /** Numbers of records that would stand here and cannot be read any more; `/audit/verify` says more. */
    unreadable: z.array(z.number().int()),
  }),
});

export const auditVerify = endpoint({
  method: "GET",
  path: "/audit/verify",
  summary: "Verify the audit chain and its signed heads",
  permission: "admin",
  query: z.object({
    /** A head that was kept elsewhere, `HASH` or `SEQ:HASH`, which must still be in the chain. */
    head: z.string().max(96).optional(),
  }),
  body: z.undefined(),
  answer: z.object({
    intact: z.boolean(),
    records: z.number().int(),
    headHash: z.string(),
    brokenAt: z.number().int().nullable(),
    reason: z.string(),
    /** ed25519 key with which this server signs heads, hex. */
    publicKey: z.string(),
  }),
});

/** What `vigocli audit export` writes: the chain from its beginning, with every signed head; the newest one is signed first. */
export const auditExport = endpoint({
  method: "GET",
  path: "/audit/export",
  summary: "Read the audit chain, oldest first, with what is needed to verify it elsewhere",
  permission: "admin",
  query: pageQuery(500),
  body: z.undefined(),
  answer: pageOf({
    publicKey: z.string(),
    records: z.array(auditRecordSchema),
    /** Those of the records of this page. */
    heads: z.array(signedHeadSchema),
  }),
});
