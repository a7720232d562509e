import assert from "node:assert/strict";
import { problemsOf, resourcesOf } from "./stack_fixture.ts";

const NGINX = `name: nginx
resources:
  - package: nginx
  - file: /etc/nginx/nginx.conf
    depends_on: package:nginx
    notify: exec:check
  - service: nginx
    state: running
    depends_on: package:nginx
  - exec: check
    command: nginx -t
    when: changed
    notify: service:reload
  - service: reload
    name: nginx
    state: reloaded
    when: changed
`;
const SITE = `name: site
depends_on: [nginx]
resources:
  - directory: /srv/www
  - file: /etc/nginx/conf.d/site.conf
    notify: exec:check
`;
const ENVOYS = 'match: "*"\nconfigcrates: [site]\n';

/** What each resource needs, by id. */
function needsOf(files: Readonly<Record<string, string>>): Record<string, readonly string[]> {
  const resources = resourcesOf({ "envoys.vgo": ENVOYS, ...files });
  return Object.fromEntries(resources.map(({ id, dependsOn }) => [id, dependsOn]));
}

Deno.test("a crate may tell a reload of the crate it depends on, and comes after the rest of that one", () => {
  const needs = needsOf({ "configcrates/nginx.vgo": NGINX, "configcrates/site.vgo": SITE });
  assert.deepEqual(needs["directory:/srv/www"], ["file:/etc/nginx/nginx.conf", "service:nginx"]);
  assert.deepEqual(needs["exec:check"], [
    "file:/etc/nginx/conf.d/site.conf",
    "file:/etc/nginx/nginx.conf",
  ]);
  const order = Object.keys(needs);
  assert.ok(order.indexOf("file:/etc/nginx/conf.d/site.conf") < order.indexOf("exec:check"));
});

Deno.test("a crate may tell one that it depends on by way of others, also of such as hold nothing", () => {
  const needs = needsOf({
    "configcrates/nginx.vgo": NGINX,
    "configcrates/between.vgo": "name: between\ndepends_on: [nginx]\n",
    "configcrates/site.vgo": SITE.replace("[nginx]", "[between]"),
  });
  assert.deepEqual(needs["directory:/srv/www"], ["file:/etc/nginx/nginx.conf", "service:nginx"]);
});

Deno.test("a crate that tells nobody waits for all of the crate it depends on, reloads too", () => {
  const needs = needsOf({
    "configcrates/nginx.vgo": NGINX,
    "configcrates/site.vgo": SITE.replace("    notify: exec:check\n", ""),
  });
  assert.deepEqual(needs["directory:/srv/www"], ["service:nginx", "service:reload"]);
});

Deno.test("a crate that is needed by the one it depends on is still a cycle", () => {
  const [problem = "", ...others] = problemsOf({
    "envoys.vgo": ENVOYS,
    "configcrates/nginx.vgo": NGINX,
    "configcrates/site.vgo": SITE.replace("notify: exec:check", "before: service:nginx"),
  });
  assert.match(problem, /resources wait for each other: .*depends_on of configcrate "site"/);
  assert.deepEqual(others, []);
});
