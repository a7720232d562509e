import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { pageOf, pageQuery } from "./page.ts";
import { personRoleSchema } from "./roles.ts";

/** Shortest and longest password, in characters. Long ones need no rules about what they hold (NIST SP 800-63B, 3.1.1). */
export const MIN_PASSWORD_LENGTH = 12;
export const MAX_PASSWORD_LENGTH = 256;

/** What a user or a token can be called: it stands in the audit log, in commands and in addresses of pages. */
export const accountName = z.string().max(64).regex(/^[a-z0-9][a-z0-9._-]*$/, {
  error: "expected a to z, digits, '.', '_' and '-', with a letter or digit first",
});

/** A password that somebody chooses. */
export const newPassword = z.string().min(MIN_PASSWORD_LENGTH).max(MAX_PASSWORD_LENGTH);

export const userSchema = z.object({
  name: z.string(),
  role: personRoleSchema,
  /** Whether the user may log in. */
  enabled: z.boolean(),
  createdAtMs: z.number(),
  createdBy: z.string(),
  passwordAtMs: z.number(),
  lastLoginMs: z.number().nullable(),
});
export type User = z.infer<typeof userSchema>;

export const userList = endpoint({
  method: "GET",
  path: "/users",
  summary: "List users by name",
  permission: "admin",
  query: pageQuery(),
  body: z.undefined(),
  answer: pageOf({ users: z.array(userSchema) }),
});

export const userShow = endpoint({
  method: "GET",
  path: "/users/:name",
  summary: "Show a user, with what may be used in the user's name",
  permission: "admin",
  query: z.object({}),
  body: z.undefined(),
  answer: userSchema.extend({
    /** Sessions that have not ended, and tokens that are valid. */
    sessions: z.number().int(),
    tokens: z.number().int(),
    /** Until when logins as this user are put off, after wrong passwords. */
    lockedUntilMs: z.number().nullable(),
  }),
});

export const userAdd = endpoint({
  method: "POST",
  path: "/users",
  summary: "Add a user",
  permission: "admin",
  query: z.object({}),
  body: z.strictObject({
    name: accountName,
    role: personRoleSchema.default("viewer"),
    password: newPassword,
  }),
  answer: userSchema,
});

export const userRole = endpoint({
  method: "POST",
  path: "/users/:name/role",
  summary: "Give a user another role, which counts at once",
  permission: "admin",
  query: z.object({}),
  body: z.strictObject({ role: personRoleSchema }),
  answer: userSchema,
});

export const userPassword = endpoint({
  method: "POST",
  path: "/users/:name/password",
  summary: "Give a user another password; the user's sessions end",
  permission: "admin",
  query: z.object({}),
  body: z.strictObject({ password: newPassword }),
  answer: userSchema,
});

export const userDisable = endpoint({
  method: "POST",
  path: "/users/:name/disable",
  summary: "Let a user no longer log in; sessions end, and tokens do not work meanwhile",
  permission: "admin",
  query: z.object({}),
  body: z.strictObject({}),
  answer: userSchema,
});

export const userEnable = endpoint({
  method: "POST",
  path: "/users/:name/enable",
  summary: "Let a user log in again, also after too many wrong passwords",
  permission: "admin",
  query: z.object({}),
  body: z.strictObject({}),
  answer: userSchema,
});

export const userRemove = endpoint({
  method: "DELETE",
  path: "/users/:name",
  summary: "Remove a user; sessions end, and tokens are revoked",
  permission: "admin",
  query: z.object({}),
  body: z.undefined(),
  answer: z.object({ name: z.string(), tokensRevoked: z.number().int() }),
});
