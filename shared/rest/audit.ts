import { z } from "zod";
import { endpoint } from "./endpoint.ts";

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

export const auditList = endpoint({
  method: "GET",
  path: "/audit",
  summary: "List audit records, newest first",
  permission: "admin",
  query: z.object({
    limit: z.coerce.number().int().min(1).max(1000).default(50),
    before: z.coerce.number().int().optional(),
  }),
  body: z.undefined(),
  answer: z.object({ records: z.array(auditRecordSchema) }),
});

export const auditVerify = endpoint({
  method: "GET",
  path: "/audit/verify",
  summary: "Verify the audit chain and its signed head",
  permission: "admin",
  query: z.object({}),
  body: z.undefined(),
  answer: z.object({
    intact: z.boolean(),
    records: z.number().int(),
    headHash: z.string(),
    brokenAt: z.number().int().nullable(),
    reason: z.string(),
  }),
});
