import assert from "node:assert/strict";
import { CursorError } from "../store/store_error.ts";
import { configViewRoutes } from "./config_view_routes.ts";
import { envoyRoutes } from "./envoy_routes.ts";
import type { EndpointName, Handler, RequestContext } from "./route.ts";
import { swarmRoutes } from "./swarm_routes.ts";

interface Paged {
  readonly nextCursor: string | null;
}

/** What every page of a list holds, asked for until there is no next one. */
async function readAll<Name extends EndpointName, Page extends Paged>(
  handler: (context: RequestContext<Name>) => Promise<Page>,
  query: Readonly<Record<string, unknown>>,
): Promise<Page[]> {
  const pages: Page[] = [];
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor; isFirst = false) {
    // The handlers look at query and path alone.
    const context = { params: { id: "p" }, query: { ...query, cursor } } as unknown;
    const page = await handler(context as RequestContext<Name>);
    pages.push(page);
    cursor = page.nextCursor ?? undefined;
  }
  return pages;
}

const peer = (hostname: string, footprintBytes: number) => ({
  uuid: `uuid-${hostname}`,
  hostname,
  presence: "online" as const,
  substrate: "active" as const,
  seeding: 0,
  cached: 1,
  downloading: 0,
  footprintBytes,
  lastSeenMs: null,
});

/** Routes over what the overview would say; nothing else of it is asked. */
function swarm() {
  const overview = {
    peers: () => ({
      generatedAtMs: 1,
      sort: "footprint",
      total: 3,
      peers: [peer("c", 9), peer("b", 100), peer("a", 9)],
    }),
    broken: () => ({
      seeds: ["x", "y", "z"].map((label) => ({ hostname: "web-1", label, reason: "" })),
      filecasts: [{ sha256: "0", label: "cast", origin: "hub", reason: "", heldBy: [] }],
      seedsTotal: 3,
      filecastsTotal: 1,
    }),
  };
  return swarmRoutes({ overview } as unknown as Parameters<typeof swarmRoutes>[0]);
}

Deno.test("peers come in pages, the heaviest first, and 0 is all of them", async () => {
  const names = (pages: { peers: { hostname: string }[] }[]) =>
    pages.map(({ peers }) => peers.map(({ hostname }) => hostname));
  const { swarmPeers } = swarm();
  const pages = await readAll(swarmPeers, { sort: "footprint", limit: 1 });
  assert.deepEqual(names(pages), [["b"], ["a"], ["c"]]);
  assert.deepEqual(names(await readAll(swarmPeers, { sort: "footprint", limit: 0 })), [
    ["b", "a", "c"],
  ]);
});

Deno.test("broken seeds and filecasts are paged together, each once", async () => {
  const { filecastBroken } = swarm();
  const pages = await readAll(filecastBroken, { limit: 2 });
  assert.deepEqual(
    pages.map(({ seeds, filecasts }) => [seeds.map(({ label }) => label), filecasts.length]),
    [[["x", "y"], 1], [["z"], 0]],
  );
  for (const cursor of ["x", "bnVsbA", ""]) {
    const context = { query: { limit: 2, cursor } } as RequestContext<"filecastBroken">;
    await assert.rejects(filecastBroken(context), CursorError);
  }
});

Deno.test("the hosts of a push come in pages", async () => {
  const pushes = { show: () => ["a", "b", "c"].map((hostname) => ({ hostname })) };
  const routes = envoyRoutes({ pushes } as unknown as Parameters<typeof envoyRoutes>[0]);
  const pages = await readAll<"envoyPushShow", Awaited<ReturnType<Handler<"envoyPushShow">>>>(
    routes.envoyPushShow,
    { limit: 2 },
  );
  assert.deepEqual(pages.map(({ hosts }) => hosts.map(({ hostname }) => hostname)), [
    ["a", "b"],
    ["c"],
  ]);
});

Deno.test("a search goes on behind the hits that were shown", async () => {
  const all = ["a", "b", "c"];
  const views = {
    search: (_text: string, limit: number) =>
      Promise.resolve({
        ok: true,
        value: { hits: all.slice(0, limit), more: Math.max(0, all.length - limit), hosts: null },
      }),
  };
  const routes = configViewRoutes(views as unknown as Parameters<typeof configViewRoutes>[0]);
  const pages = await readAll(routes.configSearch, { text: "x", limit: 2, staged: false });
  assert.deepEqual(pages.map(({ hits, more }) => [hits, more]), [[["a", "b"], 1], [["c"], 0]]);
});
