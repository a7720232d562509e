import { parse } from "hono/utils/cookie";
import { SESSION_COOKIE } from "../../shared/rest/http_names.ts";
import type { SessionInfo } from "../../shared/rest/session.ts";
import type { ApiTokenService } from "../auth/api_token_service.ts";
import type { PasswordCheck } from "../auth/password_check.ts";
import type { SessionService } from "../auth/session_service.ts";
import type { UserService } from "../auth/user_service.ts";
import { newestFirst, paginate } from "./paginate.ts";
import { pathParameter, type RouteTable } from "./route.ts";
import { unwrap } from "./service_answer_error.ts";

export interface PeopleDependencies {
  readonly users: UserService;
  readonly tokens: ApiTokenService;
  readonly sessions: SessionService;
  readonly passwords: PasswordCheck;
}

type PeopleEndpoints =
  | "sessionEnd"
  | "sessionList"
  | "sessionLogin"
  | "sessionLogout"
  | "sessionPassword"
  | "sessionShow"
  | "tokenCreate"
  | "tokenList"
  | "tokenLogin"
  | "tokenRevoke"
  | "userAdd"
  | "userDisable"
  | "userEnable"
  | "userList"
  | "userPassword"
  | "userRemove"
  | "userRole"
  | "userShow";

/** Only for this server, over TLS, unseen by scripts, and never sent for a page of another site. */
const COOKIE_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Strict";

/** People who use the server: logging in, their tokens, and the users that administrators look after. */
export function peopleRoutes(
  { users, tokens, sessions, passwords }: PeopleDependencies,
): RouteTable<PeopleEndpoints> {
  return {
    sessionLogin: async ({ body, address, answerHeaders }) => {
      const { cookie, who } = unwrap(await sessions.login(body, address));
      answerHeaders.append("set-cookie", `${SESSION_COOKIE}=${cookie}; ${COOKIE_ATTRIBUTES}`);
      return who;
    },
    sessionShow: async ({ principal, request }) =>
      unwrap(await sessions.show(principal, cookieOf(request))),
    sessionLogout: async ({ principal, answerHeaders }) => {
      const ended = await sessions.logout(principal);
      answerHeaders.append("set-cookie", `${SESSION_COOKIE}=; ${COOKIE_ATTRIBUTES}; Max-Age=0`);
      return { ended };
    },
    sessionList: async ({ query, principal }) => {
      const keyOf = ({ createdAtMs, id }: SessionInfo) => newestFirst(createdAtMs, id);
      const { page, nextCursor } = paginate(await sessions.list(principal), keyOf, query);
      return { sessions: page, nextCursor };
    },
    sessionEnd: async ({ params, principal }) => ({
      ended: await sessions.end(pathParameter(params, "id"), principal),
    }),
    sessionPassword: async ({ body, principal, address }) =>
      unwrap(await sessions.changePassword(body, principal, address)),
    tokenCreate: async ({ body, principal }) => unwrap(await tokens.create(body, principal)),
    tokenLogin: async ({ body: { user: name, password, role, ...request }, address }) => {
      const user = unwrap(await passwords.check({ name, password }, address));
      return unwrap(await tokens.createFor(user, { ...request, role: role ?? user.role }));
    },
    tokenList: async ({ query, principal }) => {
      const all = await tokens.list(principal);
      const { page, nextCursor } = paginate(all, ({ name, id }) => `${name} ${id}`, query);
      return { tokens: page, nextCursor };
    },
    tokenRevoke: async ({ params, principal }) =>
      unwrap(await tokens.revoke(pathParameter(params, "id"), principal)),
    userList: async ({ query }) => {
      const { page, nextCursor } = paginate(await users.list(), ({ name }) => name, query);
      return { users: page, nextCursor };
    },
    userShow: async ({ params }) => unwrap(await users.show(pathParameter(params, "name"))),
    userAdd: async ({ body, principal }) => unwrap(await users.add(body, principal)),
    userRole: async ({ params, body, principal }) =>
      unwrap(await users.setRole(pathParameter(params, "name"), body.role, principal)),
    userPassword: async ({ params, body, principal }) =>
      unwrap(await users.setPassword(pathParameter(params, "name"), body.password, principal)),
    userDisable: async ({ params, principal }) =>
      unwrap(await users.disable(pathParameter(params, "name"), principal)),
    userEnable: async ({ params, principal }) =>
      unwrap(await users.enable(pathParameter(params, "name"), principal)),
    userRemove: async ({ params, principal }) =>
      unwrap(await users.remove(pathParameter(params, "name"), principal)),
  };
}

function cookieOf(request: Request): string | undefined {
  return parse(request.headers.get("cookie") ?? "")[SESSION_COOKIE];
}
