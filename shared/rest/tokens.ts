import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { pageOf, pageQuery } from "./page.ts";
import { personRoleSchema } from "./roles.ts";
import { accountName, MAX_PASSWORD_LENGTH } from "./users.ts";

/** How long a token may be valid, in ms: a minute to a year; 90 days if nothing is said. */
export const MIN_TOKEN_TTL_MS = 60_000;
export const MAX_TOKEN_TTL_MS = 366 * 86_400_000;
export const DEFAULT_TOKEN_TTL_MS = 90 * 86_400_000;

export const apiTokenSchema = z.object({
  /** The beginning of its hash: it names the token, and cannot be used for it. */
  id: z.string(),
  name: z.string(),
  role: personRoleSchema,
  /** The user for whom it acts; `null` for one of the server's own host. */
  owner: z.string().nullable(),
  createdAtMs: z.number(),
  createdBy: z.string(),
  expiresAtMs: z.number(),
  /** To the minute. */
  lastUsedMs: z.number().nullable(),
  state: z.enum(["valid", "expired", "revoked"]),
});
export type ApiToken = z.infer<typeof apiTokenSchema>;

export const tokenCreate = endpoint({
  method: "POST",
  path: "/tokens",
  summary: "Create an API token; it is in this answer and nowhere else",
  permission: "self",
  query: z.object({}),
  body: z.strictObject({
    name: accountName,
    /** Never above that of whoever creates it, nor of its owner. */
    role: personRoleSchema.default("viewer"),
    ttlMs: z.number().int().min(MIN_TOKEN_TTL_MS).max(MAX_TOKEN_TTL_MS)
      .default(DEFAULT_TOKEN_TTL_MS),
    /** The user for whom it acts, for an administrator to say; whoever creates it by default. */
    owner: accountName.optional(),
  }),
  answer: z.object({ token: z.string(), info: apiTokenSchema }),
});

/** For a command line on another machine, which has no use for a session. */
export const tokenLogin = endpoint({
  method: "POST",
  path: "/tokens/login",
  summary: "Create an API token with name and password; it is in this answer and nowhere else",
  permission: "none",
  query: z.object({}),
  body: z.strictObject({
    user: z.string().min(1).max(64),
    password: z.string().min(1).max(MAX_PASSWORD_LENGTH),
    name: accountName,
    /** That of the user by default, and never above it. */
    role: personRoleSchema.optional(),
    ttlMs: z.number().int().min(MIN_TOKEN_TTL_MS).max(MAX_TOKEN_TTL_MS)
      .default(DEFAULT_TOKEN_TTL_MS),
  }),
  answer: z.object({ token: z.string(), info: apiTokenSchema }),
});

export const tokenList = endpoint({
  method: "GET",
  path: "/tokens",
  summary: "List API tokens by name: an administrator all, others their own",
  permission: "self",
  query: pageQuery(),
  body: z.undefined(),
  answer: pageOf({ tokens: z.array(apiTokenSchema) }),
});

/** `:id` is the name of a token that is valid, or the ID that the list shows. */
export const tokenRevoke = endpoint({
  method: "DELETE",
  path: "/tokens/:id",
  summary: "Revoke an API token: an administrator any, others their own",
  permission: "self",
  query: z.object({}),
  body: z.undefined(),
  answer: apiTokenSchema,
});
