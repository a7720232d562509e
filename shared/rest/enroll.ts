import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { pageOf, pageQuery } from "./page.ts";

const hostname = z.string().min(1).max(253);
const base64 = z.base64().max(16 * 1024);

/** Whether text can be kept and shown as it is. */
function isPrintable(text: string): boolean {
  // deno-lint-ignore no-control-regex -- control characters are exactly what is refused here
  return text.isWellFormed() && !/[\u0000-\u001f\u007f-\u009f]/.test(text);
}

/** What an envoy-to-be sends; `signature` is by its ed25519 key over the enrolment frame (shared/canonical/domain.ts). */
export const enrollRequestSchema = z.strictObject({
  token: z.string().min(16).max(128),
  hostname,
  /** PKCS#10, DER. Only the public key is used. */
  csr: base64,
  /** Raw ed25519 public key. */
  signingKey: base64,
  signature: base64,
});
export type EnrollRequest = z.infer<typeof enrollRequestSchema>;

export const enrollAnswerSchema = z.object({
  envoyUuid: z.uuid(),
  hostname,
  /** PEM of the envoy's certificate. */
  certificate: z.string(),
  /** PEM of the fleet's CA. */
  ca: z.string(),
  /** Raw ed25519 public key of the server, base64. */
  serverKey: base64,
  /** The port where agents check in, on the host that answered the enrolment: its name is the one this machine can reach. */
  grpcPort: z.number().int().min(1).max(65535),
});
export type EnrollAnswer = z.infer<typeof enrollAnswerSchema>;

export const enroll = endpoint({
  method: "POST",
  path: "/enroll",
  summary: "Enrol an envoy with a token",
  permission: "none",
  query: z.object({}),
  body: enrollRequestSchema,
  answer: enrollAnswerSchema,
});

/** Renewal of an expired, unrevoked certificate, proven by the ed25519 key over the renewal frame. */
export const renew = endpoint({
  method: "POST",
  path: "/renew",
  summary: "Renew the expired certificate of an envoy",
  permission: "none",
  query: z.object({}),
  body: z.strictObject({
    envoyUuid: z.uuid(),
    nonce: z.string().regex(/^[0-9a-f]{32,128}$/),
    csr: base64,
    signature: base64,
  }),
  answer: z.object({ certificate: z.string() }),
});

/** A nonce for `renew`, valid once and for one minute. */
export const renewNonce = endpoint({
  method: "GET",
  path: "/renew/nonce",
  summary: "Ask for the nonce that a renewal signs",
  permission: "none",
  query: z.object({}),
  body: z.undefined(),
  answer: z.object({ nonce: z.string() }),
});

/** The server's clock, signed over the caller's nonce; payload and signature are base64. */
export const serverTime = endpoint({
  method: "GET",
  path: "/time",
  summary: "Ask for the server's signed clock",
  permission: "none",
  query: z.object({ nonce: z.string().regex(/^([0-9a-f]{2}){8,64}$/) }),
  body: z.undefined(),
  answer: z.object({ payload: base64, signature: base64 }),
});

export const enrollTokenSchema = z.object({
  /** First characters of the token's hash: enough to name it, useless to enrol with. */
  id: z.string(),
  createdAtMs: z.number(),
  expiresAtMs: z.number(),
  usesLeft: z.number().int(),
  hostname: z.string().nullable(),
  replace: z.boolean(),
  createdBy: z.string(),
  state: z.enum(["valid", "used", "expired", "revoked"]),
});
export type EnrollToken = z.infer<typeof enrollTokenSchema>;

export const enrollTokenCreate = endpoint({
  method: "POST",
  path: "/enroll/tokens",
  summary: "Create an enrolment token; it is shown once",
  permission: "admin",
  query: z.object({}),
  body: z.strictObject({
    ttlMs: z.number().int().min(1000).max(30 * 24 * 3_600_000).default(3_600_000),
    uses: z.number().int().min(1).max(10_000).default(1),
    hostname: z.string().min(1).max(255).refine(isPrintable, {
      error: "control characters and unpaired surrogates are not accepted",
    }).optional(),
    replace: z.boolean().default(false),
  }),
  answer: z.object({ token: z.string(), command: z.string(), info: enrollTokenSchema }),
});

export const enrollTokenList = endpoint({
  method: "GET",
  path: "/enroll/tokens",
  summary: "List enrolment tokens, newest first",
  permission: "admin",
  query: pageQuery(),
  body: z.undefined(),
  answer: pageOf({ tokens: z.array(enrollTokenSchema) }),
});

export const enrollTokenRevoke = endpoint({
  method: "DELETE",
  path: "/enroll/tokens/:id",
  summary: "Revoke an enrolment token",
  permission: "admin",
  query: z.object({}),
  body: z.undefined(),
  answer: z.object({ revoked: z.literal(true) }),
});
