import assert from "node:assert/strict";
import { TargetSpecError } from "../../shared/targeting/target_spec_error.ts";
import { ANONYMOUS, envoyPrincipal, LOCAL_ROOT, type Principal } from "../service/principal.ts";
import { FleetIndex } from "../fleet/fleet_index.ts";
import { envoyRecord } from "../store/envoy_fixture.ts";
import { MemoryStore } from "../store/memory_store.ts";
import type { EnvoyRecord } from "../store/store.ts";
import { ApiError } from "./api_error.ts";
import { envoyRoutes } from "./envoy_routes.ts";
import { runRoutes } from "./run_routes.ts";

const connection = {
  request: new Request("https://server/"),
  address: "192.0.2.1",
  answerHeaders: new Headers(),
};

function someEnvoy(hostname: string): EnvoyRecord {
  const tier = hostname.startsWith("web") ? "front" : "back";
  return envoyRecord({ hostname, tags: { tier } });
}

/** Views over a fleet. */
function openViews(...hostnames: string[]) {
  const index = new FleetIndex(() => 0);
  for (const hostname of hostnames) index.put(someEnvoy(hostname));
  // The views under test never call it.
  type Dependencies = Parameters<typeof envoyRoutes>[0];
  const admin = {} as Dependencies["admin"], editor = {} as Dependencies["editor"];
  const pushes = { show: () => undefined };
  const list = async (
    query: { target?: string; sort?: string; limit?: number; cursor?: string },
    principal: Principal = LOCAL_ROOT,
  ) =>
    await envoyRoutes({ index, admin, editor, pushes }).envoyList({
      params: {},
      query: { limit: 200, sort: "hostname", ...query },
      body: undefined,
      principal,
      ...connection,
    });
  return { index, list };
}

Deno.test("envoys are sorted both ways, pages go on in the same order, and the total counts all of them", async () => {
  const { list } = openViews("b", "a", "c");
  for (
    const [sort, expected] of [["hostname", "abc"], ["-hostname", "cba"], ["state", "abc"]] as const
  ) {
    const first = await list({ sort, limit: 2 });
    const rest = await list({ sort, limit: 2, cursor: first.nextCursor ?? assert.fail() });
    const hostnames = [...first.envoys, ...rest.envoys].map(({ hostname }) => hostname);
    assert.deepEqual([hostnames.join(""), rest.nextCursor, first.total], [expected, null, 3]);
  }
});

Deno.test("envoys are filtered by target spec, tags included", async () => {
  const { list } = openViews("web-1", "web-2", "db-1");
  const hostnames = async (target: string) =>
    (await list({ target })).envoys.map(({ hostname }) => hostname);
  assert.deepEqual(await hostnames("web-*"), ["web-1", "web-2"]);
  assert.deepEqual(await hostnames("*,-web-2"), ["db-1", "web-1"]);
  assert.deepEqual(await hostnames("tag:tier=back"), ["db-1"]);
  await assert.rejects(hostnames("web-*,"), TargetSpecError);
});

Deno.test("a client certificate lists envoys, but cannot guess at their traits with a target", async () => {
  const { list } = openViews("web-1", "db-1");
  const envoy = envoyPrincipal(crypto.randomUUID());
  assert.equal((await list({}, envoy)).envoys.length, 2);
  await assert.rejects(
    list({ target: "tag:tier=back" }, envoy),
    (error) => error instanceof ApiError && error.status === 403,
  );
});

Deno.test("pages of envoys follow each other by hostname without loss or repetition", async () => {
  const { list } = openViews("e", "c", "a", "d", "b");
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await list({ limit: 2, ...(cursor === null ? {} : { cursor }) });
    seen.push(...page.envoys.map(({ hostname }) => hostname));
    cursor = page.nextCursor;
  } while (cursor !== null);
  assert.deepEqual(seen, ["a", "b", "c", "d", "e"]);
});

Deno.test("an envoy or run that does not exist is refused with 404 and its name", async () => {
  const { index } = openViews("web-1");
  const { runs, bundles } = new MemoryStore();
  const routes = runRoutes({ runs, bundles, index });
  const context = { params: {}, body: undefined, principal: ANONYMOUS, ...connection };
  const isMissing = (name: string) => (error: unknown) =>
    error instanceof ApiError && error.status === 404 && error.message.includes(`"${name}"`);
  await assert.rejects(
    routes.runList({ ...context, query: { limit: 5, host: "web-9" } }),
    isMissing("web-9"),
  );
  for (const id of ["../etc", crypto.randomUUID()]) {
    await assert.rejects(
      routes.runShow({ ...context, params: { id }, query: {} }),
      isMissing(id),
    );
  }
  assert.deepEqual(await routes.runList({ ...context, query: { limit: 5, host: "WEB-1" } }), {
    runs: [],
    nextCursor: null,
  });
});
