import assert from "node:assert/strict";
import { parse } from "yaml";
import { toBundleResources, toConfigcrates } from "./converge_policy.ts";
import { makeConvergeSet } from "./converge_set.ts";

const set = makeConvergeSet(50, "root");
const bundle = toBundleResources(set, "/srv/x");

Deno.test("a resource of the bundle stands after those it depends on", () => {
  const seen = new Set<string>();
  for (const { id, dependsOn } of bundle) {
    for (const dependency of dependsOn) assert.ok(seen.has(dependency), `${id}: ${dependency}`);
    seen.add(id);
  }
  assert.equal(seen.size, set.resources.length);
  const command = bundle.find(({ type }) => type === "exec");
  assert.deepEqual(command?.dependsOn, ["directory:/srv/x/app-0", "file:/srv/x/app-0/part-0.conf"]);
});

Deno.test("configcrates and bundle say the same of every resource", () => {
  const written = [...toConfigcrates(set, "/srv/x").values()].flatMap((text) => {
    const { resources } = parse(text);
    return resources.map((resource: Record<string, unknown>) => {
      const { depends_on: _, ...declared } = resource;
      const [[type = "", name] = []] = Object.entries(declared);
      const { [type]: _name, ...params } = declared;
      return { type, name, params };
    });
  });
  const sent = bundle.map(({ type, name, params: { ensure: _, path: _path, ...params } }) => ({
    type,
    name,
    params,
  }));
  assert.deepEqual(written, sent);
});

Deno.test("links and guarded commands are the ones of the set", () => {
  const from = "/srv/x/app-0/part-0.conf";
  const params = bundle.slice(7, 10).map((resource) => resource.params);
  assert.deepEqual(params, [
    { path: "/srv/x/app-0/current.conf", ensure: "present", target: "part-0.conf" },
    {
      command: ["/bin/cp", from, "/srv/x/app-0/initial.conf"],
      creates: "/srv/x/app-0/initial.conf",
    },
    {
      command: ["/bin/cp", from, "/srv/x/app-0/active.conf"],
      unless: ["/usr/bin/cmp", "-s", from, "/srv/x/app-0/active.conf"],
    },
  ]);
});
