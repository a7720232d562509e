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
      app.get("/login", (context) => server.login.show(context));
      app.post("/login", (context) => server.login.logIn(context));
      app.post("/logout", (context) => server.logOut(context));
      app.get("/pulse", (context) => server.pulse(context));
      for (const page of byParameters(pages)) {
        for (const [name, open] of Object.entries(page.streams ?? {})) {
          app.get(`${page.path}/${name}`, (context) => server.stream(context, page, open));
        }
        app.get(page.path, (context) => server.show(context, page));
        if (page.actions) app.post(page.path, (context) => server.act(context, page));
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
