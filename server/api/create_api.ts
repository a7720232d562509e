import { type Context, Hono } from "hono";
import type { Logger } from "@logtape/logtape";
import { API_PREFIX, CONTRACT } from "../../shared/rest/contract.ts";
import type { Admission } from "./admission.ts";
import { allowedMethods } from "./allowed_methods.ts";
import { answerError, errorResponse } from "./answer_error.ts";
import { answerJson } from "./answer_json.ts";
import type { HealthChecks } from "./health.ts";
import type { Metrics } from "./metrics.ts";
import { mount } from "./mount.ts";
import { openApiDocument } from "./open_api_document.ts";
import type { EndpointName, RouteTable } from "./route.ts";

/** What people see of the server in a browser. */
export interface WebPages {
  /** Adds the pages and what belongs to them. */
  mount(app: Hono): void;
  /** A page for an address that nothing answers; `undefined` if no page was asked for. */
  notFound(context: Context): Promise<Response> | undefined;
}

/** What the REST application is made of. */
export interface ApiDependencies {
  /** The handlers of all areas together. */
  readonly routes: RouteTable;
  readonly admission: Admission;
  readonly health: HealthChecks;
  readonly metrics: Metrics;
  /** Of the program, for the API document. */
  readonly version: string;
  readonly logger: Logger;
  readonly pages?: WebPages;
}

/** The one HTTP application of the server: the contract under `/api/v1`, its description, health and metrics. */
export function createApi(dependencies: ApiDependencies): Hono {
  const { routes, admission, health, metrics, logger } = dependencies;
  const app = new Hono();
  app.use(async (context, next) => {
    const startMs = performance.now();
    await next();
    const { method, path } = context.req;
    const durationMs = performance.now() - startMs;
    metrics.requestAnswered(method, context.res.status, durationMs);
    logger.debug("Answered {method} {path}", {
      method,
      path,
      status: context.res.status,
      durationMs: Math.round(durationMs),
    });
    context.res.headers.set("x-content-type-options", "nosniff");
  });
  const names = Object.keys(CONTRACT).filter((name): name is EndpointName => name in CONTRACT);
  // A fixed path before one with a parameter in the same place: `/enroll/tokens/:id` must not swallow a sibling.
  for (const name of names.sort((a, b) => parameters(a) - parameters(b))) {
    const { method, path } = CONTRACT[name];
    app.on(method, `${API_PREFIX}${path}`, mount(name, routes, admission));
  }
  const description = openApiDocument(dependencies.version);
  app.get(`${API_PREFIX}/openapi.json`, async (context) => {
    // For everybody, and yet no more often than anything else: it is long.
    await admission.admit(context, "none");
    return answerJson(context.req.raw, description, new Headers());
  });
  app.get("/healthz", () => Response.json({ status: "ok" }));
  app.get("/readyz", async () => {
    const report = await health.report();
    return Response.json(report, { status: report.ready ? 200 : 503 });
  });
  app.get(
    "/metrics",
    async () =>
      new Response(await metrics.text(), { headers: { "content-type": metrics.contentType } }),
  );
  dependencies.pages?.mount(app);
  app.notFound((context) => {
    const { method, path } = context.req;
    const allowed = allowedMethods(path);
    if (allowed.length > 0) {
      const methods = allowed.join(", ");
      return errorResponse(405, `Nothing answers ${method} ${path}: it takes ${methods}`, {
        allow: methods,
      });
    }
    const page = dependencies.pages?.notFound(context);
    if (page !== undefined) return page;
    return errorResponse(404, `Nothing answers ${method} ${path}; see ${API_PREFIX}/openapi.json`);
  });
  app.onError((error, context) => answerError(error, context.req.raw, logger));
  return app;
}

function parameters(name: EndpointName): number {
  return CONTRACT[name].path.split(":").length;
}
