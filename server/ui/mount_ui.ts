import type { Context, Hono } from "hono";
import type { Logger } from "../../shared/platform/logging.ts";
import type { Admission } from "../api/admission.ts";
import type { WebPages } from "../api/create_api.ts";
import type { RouteTable } from "../api/route.ts";
import { Assets, ASSETS_PATH } from "./assets/assets.ts";
import { PageServer } from "./page_server.tsx";
import type { Page } from "./page.ts";
import { PAGES } from "./pages/index.ts";

export interface UiParts {
  readonly routes: RouteTable;
  readonly admission: Admission;
  readonly now: () => number;
  readonly logger: Logger;
  /** All of them, unless a test has its own. */
  readonly pages?: readonly Page[];
}

/** What an address answers, by the method; whatever else it is asked with is refused. */
interface Answers {
  readonly get?: (context: Context) => Promise<Response>;
  readonly post?: (context: Context) => Promise<Response>;
}

/** The web interface: its pages with their forms and streams, the login, and the files they load. */
export function webInterface({ pages = PAGES, ...parts }: UiParts): WebPages {
  const assets = new Assets();
  const server = new PageServer({ ...parts, pages, assets });
  return {
    mount: (app: Hono) => {
      app.get(`${ASSETS_PATH}/:file`, async (context, next) => {
        const encoding = context.req.header("accept-encoding") ?? "";
        return assets.answer(context.req.path, encoding) ?? await next();
      });
      const answer = (path: string, { get, post }: Answers) => {
        if (get) app.get(path, get);
        if (post) app.post(path, post);
        // A browser may ask for the headers of whatever it may get (RFC 9110, 9.3.2).
        const allowed = [...get ? ["GET", "HEAD"] : [], ...post ? ["POST"] : []];
        app.all(path, (context) => server.refuseMethod(context, allowed));
      };
      answer("/login", {
        get: (context) => server.login.show(context),
        post: (context) => server.login.logIn(context),
      });
      answer("/logout", { post: (context) => server.logOut(context) });
      answer("/pulse", { get: (context) => server.pulse(context) });
      for (const page of byParameters(pages)) {
        for (const [name, open] of Object.entries(page.streams ?? {})) {
          answer(`${page.path}/${name}`, { get: (context) => server.stream(context, page, open) });
        }
        answer(page.path, {
          get: (context) => server.show(context, page),
          ...page.actions ? { post: (context: Context) => server.act(context, page) } : {},
        });
      }
    },
    notFound: (context) => asksForPage(context) ? server.notFound(context) : undefined,
  };
}

/** A fixed path before one with a parameter in the same place, as `/swarm/puddle` before `/swarm/:sha`. */
function byParameters(pages: readonly Page[]): readonly Page[] {
  const parameters = ({ path }: Page) => path.split(":").length;
  return pages.toSorted((one, other) => parameters(one) - parameters(other));
}

function asksForPage(context: Context): boolean {
  return context.req.method === "GET" && !context.req.path.startsWith("/api/") &&
    (context.req.header("accept") ?? "").includes("text/html");
}
