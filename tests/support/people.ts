import assert from "node:assert/strict";
import { CSRF_HEADER, SESSION_COOKIE } from "../../shared/rest/http_names.ts";
import { API_PREFIX } from "../../shared/rest/contract.ts";
import type { PersonRole } from "../../shared/rest/roles.ts";
import { sessionLogin } from "../../shared/rest/session.ts";
import { tokenCreate } from "../../shared/rest/tokens.ts";
import type { RestAnswer, RestRequest } from "./rest_exchange.ts";
import type { ServerProcess } from "./server_process.ts";

export const PASSWORD = "correct horse battery";

/** Adds a user with {@linkcode PASSWORD}. */
export async function addUser(server: ServerProcess, name: string, role: PersonRole) {
  const answer = await server.api("/users", {
    method: "POST",
    json: { name, role, password: PASSWORD },
  });
  assert.equal(answer.status, 200, answer.text);
}

/** An API token that acts for a user. */
export async function makeToken(
  server: ServerProcess,
  name: string,
  role: PersonRole,
  owner: string,
): Promise<string> {
  const answer = await server.api("/tokens", { method: "POST", json: { name, role, owner } });
  assert.equal(answer.status, 200, answer.text);
  return tokenCreate.answer.parse(answer.json).token;
}

/** A browser's session, as far as HTTP shows it. */
export interface BrowserSession {
  readonly cookie: string;
  readonly csrfToken: string;
  /** A request to the API with the cookie, and the token of its pages unless `headers` say otherwise. */
  api(path: string, options?: RestRequest): Promise<RestAnswer>;
}

/** Logs in with name and {@linkcode PASSWORD}. */
export async function logIn(server: ServerProcess, name: string): Promise<BrowserSession> {
  const answer = await server.get(`${API_PREFIX}/session`, {
    method: "POST",
    json: { name, password: PASSWORD },
  });
  assert.equal(answer.status, 200, answer.text);
  const [header] = [answer.headers["set-cookie"] ?? []].flat();
  assert.match(
    header ?? "",
    new RegExp(`^${SESSION_COOKIE}=[\\w-]{43}; Path=/; Secure; HttpOnly; SameSite=Strict$`),
  );
  const cookie = header?.split(";")[0] ?? "";
  const csrfToken = sessionLogin.answer.parse(answer.json).csrfToken ?? assert.fail();
  return {
    cookie,
    csrfToken,
    api: (path, options = {}) =>
      server.get(API_PREFIX + path, {
        ...options,
        headers: { cookie, [CSRF_HEADER]: csrfToken, ...options.headers },
      }),
  };
}
