import type { ConfigViews } from "../publish/config_views.ts";
import type { Refusal } from "../publish/refusal.ts";
import { serverConfigReference } from "../config/server_config_reference.ts";
import { RESOURCE_CATALOG } from "../stacks/resource_catalog.ts";
import { VGO_FILE_KINDS, vgoJsonSchema } from "../stacks/vgo_json_schema.ts";
import { ApiError } from "./api_error.ts";
import type { RouteTable } from "./route.ts";
import type { z } from "zod";
import { configSchema, configTrace } from "../../shared/rest/config_views.ts";

type ViewEndpoints =
  | "configReference"
  | "configSchema"
  | "configSearch"
  | "configStatus"
  | "configTrace"
  | "configTree";

/** Looking at the stacks, live or staged. */
export function configViewRoutes(views: ConfigViews): RouteTable<ViewEndpoints> {
  return {
    configStatus: () => views.status(),
    configTrace: async ({ query: { host, name, staged } }) => {
      const result = await views.trace(host, { name, isStaged: staged });
      const mistakes = mistakesIn(result);
      const trace = result.ok ? result.value : { ...NO_TRACE, hostname: host };
      // JSON throughout; only the type of the trace says that nobody writes to it.
      return { ...trace as unknown as z.input<typeof configTrace.answer>, mistakes };
    },
    configTree: async ({ query: { host, crate, staged } }) => {
      if (host !== undefined && crate !== undefined) {
        throw new ApiError(400, "Cannot show a host and a crate at once: name one");
      }
      const result = await views.tree({ host, crate, isStaged: staged });
      const mistakes = mistakesIn(result);
      const { roots, leftOut } = result.ok ? result.value : { roots: [], leftOut: 0 };
      return { roots: [...roots], leftOut, mistakes };
    },
    configSearch: async ({ query: { text, limit, cursor, staged } }) => {
      const before = Number(cursor ?? 0);
      const result = await views.search(text, before + limit, { isStaged: staged });
      const mistakes = mistakesIn(result);
      const { hits, more, hosts } = result.ok ? result.value : { hits: [], more: 0, hosts: null };
      return {
        hits: hits.slice(before),
        more,
        hosts,
        mistakes,
        nextCursor: more > 0 ? String(hits.length) : null,
      };
    },
    configSchema: () => {
      // JSON throughout; only the type of the schema says that nobody writes to it.
      const schema = vgoJsonSchema(RESOURCE_CATALOG) as z.input<
        typeof configSchema.answer
      >["schema"];
      return Promise.resolve({ schema, kinds: [...VGO_FILE_KINDS] });
    },
    configReference: () => Promise.resolve({ text: serverConfigReference() }),
  };
}

const NO_TRACE = {
  match: null,
  environment: null,
  crates: [],
  variables: [],
  resources: [],
  leftOut: [],
  problems: [],
};

/** The mistakes of staged stacks, which are an answer. @throws {ApiError} 404 for any other refusal. */
function mistakesIn(result: { readonly ok: true } | Refusal): Refusal["problems"][number][] {
  if (result.ok) return [];
  if (result.problems.length === 0) throw new ApiError(404, result.reason);
  return [...result.problems];
}
