import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { pageOf, pageQuery } from "./page.ts";
import { personRoleSchema } from "./roles.ts";
import { MAX_PASSWORD_LENGTH, newPassword } from "./users.ts";

const whoSchema = z.object({
  /** As the audit log names it. */
  principal: z.string(),
  /** The user who is logged in, or for whom the token acts; `null` on the server's own host. */
  user: z.string().nullable(),
  role: personRoleSchema,
  /** To send as `x-vigo-csrf` with every request of this session that changes something; `null` for a token. */
  csrfToken: z.string().nullable(),
  /** When the session ends unless it is used, or the token expires; `null` for what does not end by itself. */
  endsAtMs: z.number().nullable(),
});
export type Who = z.infer<typeof whoSchema>;

/** The session's cookie is in the answer's headers. Whether the name or the password was wrong is not told. */
export const sessionLogin = endpoint({
  method: "POST",
  path: "/session",
  summary: "Log in with name and password",
  permission: "none",
  query: z.object({}),
  body: z.strictObject({
    name: z.string().min(1).max(64),
    password: z.string().min(1).max(MAX_PASSWORD_LENGTH),
  }),
  answer: whoSchema,
});

export const sessionShow = endpoint({
  method: "GET",
  path: "/session",
  summary: "Show who asks, and with which role",
  permission: "self",
  query: z.object({}),
  body: z.undefined(),
  answer: whoSchema,
});

export const sessionLogout = endpoint({
  method: "DELETE",
  path: "/session",
  summary: "End the session that asks",
  permission: "self",
  query: z.object({}),
  body: z.undefined(),
  answer: z.object({ ended: z.boolean() }),
});

export const sessionInfoSchema = z.object({
  /** The beginning of its hash: it names the session, and cannot be used for it. */
  id: z.string(),
  createdAtMs: z.number(),
  /** To ten seconds. */
  activeAtMs: z.number(),
  /** Whether it is the one that asks. */
  current: z.boolean(),
});
export type SessionInfo = z.infer<typeof sessionInfoSchema>;

export const sessionList = endpoint({
  method: "GET",
  path: "/sessions",
  summary: "List one's own sessions that have not ended, the newest first",
  permission: "self",
  query: pageQuery(),
  body: z.undefined(),
  answer: pageOf({ sessions: z.array(sessionInfoSchema) }),
});

/** `:id` as the list has it. */
export const sessionEnd = endpoint({
  method: "DELETE",
  path: "/sessions/:id",
  summary: "End one of one's own sessions",
  permission: "self",
  query: z.object({}),
  body: z.undefined(),
  answer: z.object({ ended: z.boolean() }),
});

/** The other sessions of the user end. */
export const sessionPassword = endpoint({
  method: "POST",
  path: "/session/password",
  summary: "Change one's own password",
  permission: "self",
  query: z.object({}),
  body: z.strictObject({
    current: z.string().min(1).max(MAX_PASSWORD_LENGTH),
    password: newPassword,
  }),
  answer: z.object({ changed: z.literal(true) }),
});
