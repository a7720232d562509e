import { randomBytes, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { z } from "zod";
import { SESSION_COOKIE } from "../../../shared/rest/http_names.ts";
import { sanitize } from "../../../shared/terminal/sanitize.ts";
import type { Admission } from "../../api/admission.ts";
import { ApiError } from "../../api/api_error.ts";
import { remoteAddress } from "../../api/admission.ts";
import type { RouteTable } from "../../api/route.ts";
import { ANONYMOUS } from "../../service/principal.ts";
import { csrfTokenOf } from "../../auth/session_service.ts";
import type { Assets } from "../assets/assets.ts";
import { Calls } from "../calls.ts";
import { Button, Field } from "../components/form.tsx";
import { Layout, Mark } from "../components/layout.tsx";
import { Notice } from "../components/notice.tsx";
import { describeFailure } from "../describe_failure.ts";
import { CSRF_FIELD, type Form, readForm } from "../form.ts";
import { labelOf } from "../field_labels.ts";
import type { Page } from "../page.ts";
import { findAction } from "./find_action.ts";
import { localPath } from "./local_path.ts";
import { redirect, respond } from "./respond.ts";

/** Ties a login form to the browser that asked for it, as a session's token ties its forms to the session. */
const LOGIN_COOKIE = "__Host-vigo-login";
const COOKIE_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Strict";
const NO_SESSION = `${SESSION_COOKIE}=; ${COOKIE_ATTRIBUTES}; Max-Age=0`;

/** What somebody had typed when the session was over: the fields of a form. */
const keptSchema = z.array(z.tuple([z.string(), z.string()])).max(500);
type Kept = z.infer<typeof keptSchema>;

export interface LoginPageParts {
  readonly routes: RouteTable;
  readonly admission: Admission;
  readonly assets: Assets;
  readonly pages: readonly Page[];
}

interface LoginState {
  /** Where to go afterwards. */
  readonly next: string;
  readonly kept?: Kept | undefined;
  readonly user?: string;
  readonly problem?: string;
  readonly status?: number;
}

/** Logging in and out. Whoever was in the middle of a form finds it as it was. */
export class LoginPage {
  readonly #parts: LoginPageParts;

  constructor(parts: LoginPageParts) {
    this.#parts = parts;
  }

  /** GET. */
  async show(context: Context): Promise<Response> {
    return await this.#respond(context, { next: localPath(context.req.query("next") ?? "/") });
  }

  /** In the place of a page whose reader is not known. A script is told so by the status alone. */
  async demand(context: Context, form: Form | undefined): Promise<Response> {
    const { pathname, search } = new URL(context.req.url);
    const next = localPath(pathname + search);
    const hadSession = getCookie(context, SESSION_COOKIE) !== undefined;
    if (
      ["GET", "HEAD"].includes(context.req.method) && context.req.header("hx-request") === undefined
    ) {
      return redirect(`/login?next=${encodeURIComponent(next)}`);
    }
    // A form that another site had the browser send is not kept for its victim to confirm.
    const kept = context.req.header("sec-fetch-site") === "same-origin"
      ? form?.shown().map(([name, value]): [string, string] => [name, value])
      : undefined;
    const problem = kept
      ? "Your session ended before this was sent. Log in, and you find it as you typed it."
      : hadSession
      ? "Your session has ended: log in again."
      : "Log in to see this page.";
    return await this.#respond(context, { next, kept, problem, status: 401 });
  }

  /** POST. */
  async logIn(context: Context): Promise<Response> {
    let next = "/", user = "";
    let kept: Kept | undefined;
    try {
      await this.#parts.admission.admit(context, "none");
      const form = await readForm(context.req.raw);
      next = localPath(form.text("next"));
      user = form.text("name");
      if (!isFromOurForm(context, form)) {
        throw new ApiError(403, "This form was not the newest: try again");
      }
      kept = readKept(form.raw("kept"));
      const headers = new Headers();
      const { request, address } = { request: context.req.raw, address: remoteAddress(context) };
      const calls = new Calls(this.#parts.routes, { principal: ANONYMOUS, request, address });
      const { csrfToken } = await calls.call("sessionLogin", {
        body: { name: user, password: form.raw("password") },
      }, headers);
      const cookies = headers.getSetCookie();
      if (kept === undefined) {
        return redirect(next, cookies.map((cookie) => ["set-cookie", cookie]));
      }
      return await this.#goOn(context, { next, kept, csrfToken: csrfToken ?? "", cookies });
    } catch (error) {
      const failure = describeFailure(error);
      if (failure === undefined) throw error;
      const { status, message } = failure;
      return await this.#respond(context, { next, kept, user, problem: message, status });
    }
  }

  /** POST. Who has no session any more is logged out, too. */
  async logOut(context: Context, form: Form): Promise<Response> {
    try {
      const { principal, address } = await this.#parts.admission.admit(context, "self");
      const request = context.req.raw;
      await new Calls(this.#parts.routes, { principal, address, request }).call("sessionLogout");
    } catch (error) {
      // Another site's wish to log somebody out is no reason to.
      if (describeFailure(error)?.status !== 401 || !form.has(CSRF_FIELD)) throw error;
    }
    return redirect("/login", [["set-cookie", NO_SESSION]]);
  }

  async #respond(
    context: Context,
    { next, kept, user = "", problem, status = 200 }: LoginState,
  ): Promise<Response> {
    const before = getCookie(context, LOGIN_COOKIE) ?? "";
    const secret = /^[\w-]{22}$/.test(before) ? before : randomBytes(16).toString("base64url");
    return await respond(
      context.req.raw,
      <Layout
        title="Log in"
        path="/login"
        nav={[]}
        csrfToken=""
        assetUrl={(name) => this.#parts.assets.url(name)}
      >
        <div class="login">
          <p class="login-mark">
            <Mark />vigo
          </p>
          {problem && <Notice kind={status === 401 ? "warn" : "bad"}>{problem}</Notice>}
          <form method="post" action="/login" class="form" aria-label="Log in">
            <input type="hidden" name={CSRF_FIELD} value={csrfTokenOf(secret)} />
            <input type="hidden" name="next" value={next} />
            {kept && <input type="hidden" name="kept" value={JSON.stringify(kept)} />}
            <Field
              name="name"
              label="Name"
              value={user}
              isRequired
              autocomplete="username"
              maxLength={64}
              hasFocus={user === ""}
            />
            <Field
              name="password"
              label="Password"
              type="password"
              isRequired
              autocomplete="current-password"
              maxLength={256}
              hasFocus={user !== ""}
            />
            <Button kind="main">Log in</Button>
          </form>
          <p class="hint">
            No account yet? On the server's host, as root:{" "}
            <code>vigocli users add NAME --role admin</code>
          </p>
        </div>
      </Layout>,
      {
        status,
        headers: { "set-cookie": `${LOGIN_COOKIE}=${secret}; ${COOKIE_ATTRIBUTES}` },
      },
    );
  }

  /** What was typed before the login, to look over and send. */
  async #goOn(
    context: Context,
    { next, kept, csrfToken, cookies }: {
      next: string;
      kept: Kept;
      csrfToken: string;
      cookies: readonly string[];
    },
  ): Promise<Response> {
    const name = kept.find(([name]) => name === "do")?.[1] ?? "";
    const action = findAction(this.#parts.pages, next, name);
    const response = await respond(
      context.req.raw,
      <Layout
        title={action?.words ?? "Go on"}
        path="/login"
        nav={[]}
        csrfToken=""
        assetUrl={(name) => this.#parts.assets.url(name)}
      >
        <div class="login">
          <Notice kind="good">
            You are logged in again. Nothing was sent yet; this is what you typed.
          </Notice>
          <p>
            It goes to <code>{shownPath(next)}</code>.
          </p>
          <form method="post" action={next} class="form" aria-label="What you typed">
            <input type="hidden" name={CSRF_FIELD} value={csrfToken} />
            {kept.map(([name, value]) => <KeptField name={name} value={value} />)}
            <div class="form-end">
              <Button kind={action?.isDangerous ? "danger" : "main"}>Send it</Button>
              <a class="button plain" href={next}>Leave it</a>
            </div>
          </form>
        </div>
      </Layout>,
    );
    for (const cookie of cookies) response.headers.append("set-cookie", cookie);
    return response;
  }
}

/** Where a form goes, for people: without its query, and without what could hide. */
function shownPath(address: string): string {
  return sanitize(new URL(address, "https://localhost").pathname);
}

function KeptField({ name, value }: { name: string; value: string }) {
  if (name === "do") return <input type="hidden" name="do" value={value} />;
  const id = `kept-${name}`;
  return (
    <div class="field">
      <label for={id}>{labelOf(name)}</label>
      {value.includes("\n")
        ? <textarea id={id} name={name} rows={6} class="mono">{value}</textarea>
        : <input id={id} name={name} value={value} class="mono" />}
    </div>
  );
}

function isFromOurForm(context: Context, form: Form): boolean {
  const secret = getCookie(context, LOGIN_COOKIE) ?? "";
  const expected = Buffer.from(csrfTokenOf(secret)), given = Buffer.from(form.text(CSRF_FIELD));
  return secret !== "" && expected.length === given.length && timingSafeEqual(expected, given);
}

/** @throws {ApiError} 400 if it is not what a login page carried. */
function readKept(text: string): Kept | undefined {
  if (text === "") return undefined;
  try {
    return keptSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new ApiError(400, "Cannot read what was typed before the login", { cause });
  }
}
