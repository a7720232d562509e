import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import type { Child } from "hono/jsx";
import type { Logger } from "../../shared/platform/logging.ts";
import { SESSION_COOKIE } from "../../shared/rest/http_names.ts";
import type { Permission } from "../../shared/rest/endpoint.ts";
import type { Admission, Admitted } from "../api/admission.ts";
import { answerStream } from "../api/answer_stream.ts";
import { ApiError } from "../api/api_error.ts";
import { FORM_CSRF_TOKEN } from "../api/read_credentials.ts";
import type { RouteTable } from "../api/route.ts";
import { checkPermission, roleOf } from "../auth/permissions.ts";
import type { Principal } from "../service/principal.ts";
import { csrfTokenOf } from "../auth/session_service.ts";
import type { Assets } from "./assets/assets.ts";
import { Calls } from "./calls.ts";
import { Layout, type NavLink } from "./components/layout.tsx";
import { Empty } from "./components/notice.tsx";
import { describeFailure, type Failure } from "./describe_failure.ts";
import { CSRF_FIELD, type Form, readForm } from "./form.ts";
import type { Action, Page, PageContext, Rejected, View } from "./page.ts";
import { LoginPage } from "./shell/login_page.tsx";
import { redirect, respond } from "./shell/respond.ts";
import { readSaid, SAID, sayNext } from "./shell/said.ts";

export interface PageServerParts {
  readonly routes: RouteTable;
  readonly admission: Admission;
  readonly assets: Assets;
  readonly pages: readonly Page[];
  readonly now: () => number;
  readonly logger: Logger;
}

/** A page as it goes out. */
interface Shown {
  readonly status?: number;
  readonly problem?: Child;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Serves pages: who asks, may they, the page or what its form does, and a page about whatever goes wrong. */
export class PageServer {
  readonly #parts: PageServerParts;
  readonly #nav: readonly (NavLink & { readonly permission: Permission })[];
  readonly #login: LoginPage;

  constructor(parts: PageServerParts) {
    this.#parts = parts;
    this.#nav = parts.pages.flatMap(({ path, nav, permission }) =>
      nav ? [{ ...nav, href: path, permission }] : []
    );
    this.#login = new LoginPage(parts);
  }

  get login(): LoginPage {
    return this.#login;
  }

  /** Answers GET. */
  async show(context: Context, page: Page): Promise<Response> {
    if (isFromElsewhere(context)) return await this.#comeAgain(context);
    return await this.#guarded(context, page.permission, async (admitted) => {
      const reader = this.#reader(context, admitted);
      return await this.#respond(context, admitted.principal, await page.view(reader));
    });
  }

  /** Answers POST: what a form of the page does. */
  async act(context: Context, page: Page): Promise<Response> {
    let form: Form | undefined;
    try {
      form = await this.#readForm(context);
    } catch (error) {
      return await this.#refuse(context, error, undefined);
    }
    const name = form.text("do");
    const action = Object.hasOwn(page.actions ?? {}, name) ? page.actions?.[name] : undefined;
    return await this.#guarded(
      context,
      action?.permission ?? page.permission,
      (admitted) => this.#run(context, admitted, page, name, action, form),
      form,
    );
  }

  /** Answers a stream of a page. */
  async stream(
    context: Context,
    page: Page,
    open: (reader: PageContext) => Promise<Response>,
  ): Promise<Response> {
    return await this.#guarded(context, page.permission, async (admitted) => {
      const response = await open(this.#reader(context, admitted));
      return await answerStream(
        context.req.raw,
        response,
        () => this.#parts.admission.isStillAdmitted(context, page.permission),
      );
    });
  }

  /** Answers the form that ends the session. */
  async logOut(context: Context): Promise<Response> {
    try {
      return await this.#login.logOut(context, await this.#readForm(context));
    } catch (error) {
      return await this.#refuse(context, error, undefined);
    }
  }

  /** Tells a page that lies open whether its reader is still logged in. */
  async pulse(context: Context): Promise<Response> {
    const headers = { "cache-control": "no-store" };
    const isIn = await this.#parts.admission.isStillAdmitted(context, "self");
    return new Response(null, { status: isIn ? 204 : 401, headers });
  }

  /** A page for an address that nothing answers. */
  async notFound(context: Context): Promise<Response> {
    return await this.#guarded(context, "self", () => {
      const { pathname } = new URL(context.req.url);
      throw new ApiError(404, `There is no page ${pathname}`);
    });
  }

  /** Refuses a method that an address does not take, and says which it does (RFC 9110, 15.5.6). */
  async refuseMethod(context: Context, allowed: readonly string[]): Promise<Response> {
    const { method, path } = context.req;
    const methods = allowed.join(", ");
    const message = `${path} does not take ${method}: it takes ${methods}`;
    return await this.#refuse(
      context,
      new ApiError(405, message, { headers: { allow: methods } }),
      undefined,
    );
  }

  async #run(
    context: Context,
    admitted: Admitted,
    page: Page,
    name: string,
    action: Action | undefined,
    form: Form,
  ): Promise<Response> {
    const reader = this.#reader(context, admitted);
    try {
      if (action === undefined) throw new ApiError(400, "This form does nothing: reload the page");
      const answer = await action.run(reader, form);
      if ("show" in answer) return await this.#respond(context, admitted.principal, answer.show);
      return redirect(answer.goTo, answer.say ? [["set-cookie", sayNext(answer.say)]] : []);
    } catch (error) {
      const failure = describeFailure(error);
      if (failure === undefined) throw error;
      const { status, message } = failure;
      const rejected = { action: name, status, message, form };
      const view = await page.view(this.#reader(context, admitted, rejected));
      return await this.#respond(context, admitted.principal, view, { status, problem: message });
    }
  }

  async #readForm(context: Context): Promise<Form> {
    const form = await readForm(context.req.raw);
    context.set(FORM_CSRF_TOKEN, form.text(CSRF_FIELD));
    return form;
  }

  /** Lets somebody in and does the work; a login page, or one that says why, for everybody else. */
  async #guarded(
    context: Context,
    permission: Permission,
    work: (admitted: Admitted) => Promise<Response> | Response,
    form?: Form,
  ): Promise<Response> {
    let admitted: Admitted | undefined;
    try {
      admitted = await this.#parts.admission.admit(context, permission);
      return await work(admitted);
    } catch (error) {
      const failure = describeFailure(error);
      if (failure?.status === 401 && admitted === undefined) {
        return await this.#login.demand(context, form);
      }
      return await this.#refuse(context, error, admitted?.principal);
    }
  }

  async #refuse(
    context: Context,
    error: unknown,
    principal: Principal | undefined,
  ): Promise<Response> {
    const { status, message, headers } = describeFailure(error) ?? this.#logFailure(context, error);
    const who = principal ?? await this.#whoever(context);
    return await this.#respond(context, who, {
      title: TITLES[status] ?? "This did not work",
      body: (
        <Empty title={message}>
          <p>
            <a href="/">Go to the overview</a>
          </p>
        </Empty>
      ),
    }, { status, headers });
  }

  /** Who asks, for the frame around a refusal. */
  async #whoever(context: Context): Promise<Principal | undefined> {
    try {
      return (await this.#parts.admission.admit(context, "self")).principal;
    } catch (error) {
      if (describeFailure(error) === undefined) throw error;
      return undefined;
    }
  }

  #logFailure(context: Context, error: unknown): Failure {
    const id = crypto.randomUUID();
    this.#parts.logger.error("A page failed unexpectedly", {
      id,
      method: context.req.method,
      path: context.req.path,
      reason: String(error),
      ...(error instanceof Error ? { stack: error.stack } : {}),
    });
    const message = `The server failed; its log says why under id ${id}`;
    return { status: 500, message, headers: {}, guardrail: undefined };
  }

  #reader(context: Context, { principal, address }: Admitted, rejected?: Rejected): PageContext {
    const { routes, assets, now } = this.#parts;
    const request = context.req.raw;
    const calls = new Calls(routes, { principal, address, request });
    const url = new URL(request.url);
    return {
      call: calls.call.bind(calls),
      stream: calls.stream.bind(calls),
      principal,
      may: (permission) => checkPermission(principal, permission).ok,
      url,
      param: (name) => context.req.param(name) ?? "",
      query: (name) => url.searchParams.get(name)?.trim() ?? "",
      csrfToken: csrfTokenIn(context),
      assetUrl: (name) => assets.url(name),
      nowMs: now(),
      rejected,
    };
  }

  async #respond(
    context: Context,
    principal: Principal | undefined,
    { title, body, rest, scripts = [], status: ownStatus = 200 }: View,
    { status = ownStatus, problem, headers = {} }: Shown = {},
  ): Promise<Response> {
    const { assets } = this.#parts;
    const said = readSaid(getCookie(context));
    const who = principal && {
      name: "user" in principal ? principal.user : principal.name,
      role: roleOf(principal) ?? "",
      canLogOut: principal.kind === "user",
    };
    return await respond(
      context.req.raw,
      <Layout
        title={title}
        path={context.req.path}
        nav={this.#nav.filter(({ permission }) =>
          principal && checkPermission(principal, permission).ok
        )}
        assetUrl={(name) => assets.url(name)}
        scripts={scripts}
        who={who}
        csrfToken={csrfTokenIn(context)}
        rest={rest}
        said={said}
        problem={problem}
      >
        {body}
      </Layout>,
      { status, headers: said === "" ? headers : { ...headers, "set-cookie": SAID } },
    );
  }

  /** A page that asks for itself again. */
  async #comeAgain(context: Context): Promise<Response> {
    const { req: { raw } } = context;
    const { pathname, search } = new URL(raw.url);
    return await respond(
      raw,
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta http-equiv="refresh" content={`0; url=${pathname}${search}`} />
          <title>Vigo</title>
        </head>
        <body>
          <p>
            <a href={pathname + search}>Go on to Vigo</a>
          </p>
        </body>
      </html>,
    );
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: "This cannot be read",
  401: "Log in",
  403: "Not for you",
  404: "Not here",
  405: "Not in this way",
  409: "This does not fit",
  429: "Too many requests",
  500: "The server failed",
};

/** The token for forms of this reader; empty for who has no session. */
function csrfTokenIn(context: Context): string {
  const cookie = getCookie(context, SESSION_COOKIE);
  return cookie === undefined || cookie === "" ? "" : csrfTokenOf(cookie);
}

/**
 * Whether somebody follows a link of another site: the browser then keeps the session's cookie back (RFC 6265bis, 5.2), and
 * sends it once this server itself has the page opened.
 */
function isFromElsewhere(context: Context): boolean {
  return context.req.header("sec-fetch-site") === "cross-site" &&
    context.req.header("sec-fetch-mode") === "navigate" &&
    getCookie(context, SESSION_COOKIE) === undefined;
}
