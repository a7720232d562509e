import { getLogger } from "@logtape/logtape";
import { Hono } from "hono";
import { CONTRACT } from "../../shared/rest/contract.ts";
import { Admission } from "../api/admission.ts";
import { ApiError } from "../api/api_error.ts";
import { createApi } from "../api/create_api.ts";
import { HealthChecks } from "../api/health.ts";
import { Metrics } from "../api/metrics.ts";
import { peopleRoutes } from "../api/people_routes.ts";
import { readCredentials } from "../api/read_credentials.ts";
import { RequestBudgets } from "../api/request_budgets.ts";
import type { EndpointName, RouteTable } from "../api/route.ts";
import { Authenticator } from "../auth/authenticator.ts";
import { openPeople, PASSWORD } from "../auth/people_fixture.ts";
import { TokenDigest } from "../auth/token_digest.ts";
import { webInterface } from "./mount_ui.ts";
import type { Page } from "./page.ts";

/** A browser of a test: it keeps cookies and says where a request comes from, as browsers do. */
export class TestBrowser {
  readonly #app: Hono;
  readonly cookies = new Map<string, string>();

  constructor(app: Hono) {
    this.#app = app;
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Seen> {
    return await this.#send(path, { headers: { "sec-fetch-site": "same-origin", ...headers } });
  }

  /** Asks with a method, and sends nothing along. */
  async ask(method: string, path: string): Promise<Seen> {
    return await this.#send(path, { method, headers: {} });
  }

  /** Sends a form, from a page of this server unless the headers say otherwise. */
  async post(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Seen> {
    return await this.#send(path, {
      method: "POST",
      body: new URLSearchParams(fields).toString(),
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        "sec-fetch-site": "same-origin",
        ...headers,
      },
    });
  }

  /** Logs in with the fixture's password. */
  async logIn(name: string): Promise<Seen> {
    const { text } = await this.get("/login");
    return await this.post("/login", {
      csrf: fieldOf(text, "csrf"),
      name,
      password: PASSWORD,
      next: "/",
    });
  }

  async #send(
    path: string,
    init: RequestInit & { headers: Record<string, string> },
  ): Promise<Seen> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await this.#app.request(`https://localhost${path}`, {
      ...init,
      headers: { accept: "text/html", ...init.headers, ...(cookie === "" ? {} : { cookie }) },
    });
    for (const header of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(header) ?? [];
      if (value === "") this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return { status: response.status, headers: response.headers, text: await response.text() };
  }
}

/** What a browser got. */
export interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** The value of a hidden field. */
export function fieldOf(html: string, name: string): string {
  const [, value = ""] = new RegExp(`name="${name}" value="([^"]*)"`).exec(html) ?? [];
  return value.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

/** The interface over people in memory, with the pages of a test and the endpoints that it gives. */
export function openUi(pages: readonly Page[], given: Partial<RouteTable> = {}) {
  const people = openPeople();
  const { users, tokens, sessions, passwords, clock } = people;
  const names = Object.keys(CONTRACT).filter((name): name is EndpointName => name in CONTRACT);
  const missing = () => Promise.reject(new ApiError(409, "no such endpoint in this test"));
  // Each name has a handler that answers or refuses, which is all a table is.
  const routes = {
    ...Object.fromEntries(names.map((name) => [name, missing])),
    ...peopleRoutes({ users, tokens, sessions, passwords }),
    ...given,
  } as unknown as RouteTable;
  const authenticator = new Authenticator({
    localToken: TokenDigest.of(crypto.randomUUID()),
    envoys: { isTrusted: () => false },
    tokens,
    sessions,
  });
  const admission = new Admission(
    (context, isAutomatic) =>
      authenticator.authenticate(readCredentials(context, undefined, isAutomatic)),
    new RequestBudgets(() => clock.nowMs),
  );
  const logger = getLogger("test");
  const now = () => clock.nowMs;
  const app = createApi({
    routes,
    admission,
    health: new HealthChecks([], () => [], now),
    metrics: new Metrics({
      fleet: () => ({ active: 0, online: 0, suspectedClones: 0 }),
      sessions: () => 0,
      checkIns: () => ({}),
      secrets: () => ({ resolved: 0 }),
      queues: () => ({
        topics: 0,
        messages: 0,
        bytes: 0,
        equivocations: 0,
        blockedTopics: 0,
        blockedKeys: 0,
      }),
      databaseBytes: () => 0,
    }),
    version: "0.0.0",
    logger,
    pages: webInterface({ routes, admission, now, logger, pages }),
  });
  return { people, clock, app, browser: () => new TestBrowser(app) };
}
