import assert from "node:assert/strict";
import { bundleResourceSchema } from "../../shared/config/policy_bundle.ts";
import { MAX_DIFF_LENGTH } from "../../shared/config/run_report.ts";
import { diffResources, isSameResource } from "./resource_diff.ts";

function resource(params: Record<string, unknown>, type = "file", source = "a.vgo:1:1") {
  return bundleResourceSchema.parse({
    id: `${type}:x`,
    type,
    name: "x",
    crate: "a",
    source,
    dependsOn: [],
    notify: [],
    params,
  });
}

Deno.test("a resource that only moved in its file is the same", () => {
  assert.ok(isSameResource(resource({ a: 1 }), resource({ a: 1 }, "file", "a.vgo:9:1")));
  assert.ok(!isSameResource(resource({ a: 1 }), resource({ a: 2 })));
});

Deno.test("lines of a file's content are compared one by one", () => {
  const diff = diffResources(
    resource({ content: "a\nb\nc\n" }),
    resource({ content: "a\nB\nc\n" }),
  );
  assert.equal(
    diff,
    "--- file:x\n+++ file:x\n@@ -1,4 +1,4 @@\n content: |\n   a\n-  b\n+  B\n   c\n",
  );
});

Deno.test("a password is never shown, but that it changes is", () => {
  const diff = diffResources(
    resource({ password: "hunter2" }, "user"),
    resource({ password: "correct horse" }, "user"),
  );
  assert.doesNotMatch(diff, /hunter2|correct horse/);
  assert.match(diff, /-password: «secret»\n\+password: «secret» \(changed\)/);
});

Deno.test("a diff is cut at its limit, and texts without anything in common are only counted", () => {
  const long = diffResources(undefined, resource({ content: "x".repeat(3 * MAX_DIFF_LENGTH) }));
  assert.ok(long.length < MAX_DIFF_LENGTH + 100);
  assert.match(long, /more characters$/);
  const lines = (seed: number) => Array.from({ length: 3000 }, (_, line) => `${seed}.${line}\n`);
  const diff = diffResources(
    resource({ content: lines(1).join("") }),
    resource({ content: lines(2).join("") }),
  );
  assert.equal(diff, "file:x: 3001 lines become 3001 different ones");
});

Deno.test("conditions and what the machine fills in are shown, secrets by their paths alone", () => {
  const from = resource({ path: "/x" });
  const to = bundleResourceSchema.parse({
    ...from,
    when: { expression: "port_listening(vars.port)", scope: { vars: { port: 80 } } },
    params: { path: "/x", list: [null] },
    deferred: [
      { at: "/list/0", value: { kind: "secret", path: "web/key" } },
      {
        at: "/content",
        value: {
          kind: "template",
          text: "{{ vars.url }}",
          scope: { vars: { host: "db", password: null, url: null } },
          secrets: [{ at: "/vars/password", path: "db/password" }],
          templates: [{ at: "/vars/url", text: "{{ vars.host }}:{{ vars.password }}" }],
        },
      },
    ],
  });
  assert.ok(!isSameResource(from, to));
  assert.ok(!isSameResource({ ...to, deferred: [] }, to));
  const added = diffResources(from, to).split("\n").filter((line) =>
    /^[+] /.test(line) || /^[+]\S/.test(line)
  );
  assert.deepEqual(added.slice(1), [
    "+content:",
    "+  and:",
    '+    - "vars.password is a secret: db/password"',
    "+    - vars.url is {{ vars.host }}:{{ vars.password }}",
    '+  on the machine: "{{ vars.url }}"',
    "+  where:",
    "+    vars:",
    "+      host: db",
    "+      password: null",
    "+      url: null",
    "+list:",
    "+  - «secret web/key»",
    "+when: port_listening(vars.port)",
    "+when sees:",
    "+  vars:",
    "+    port: 80",
  ]);
});

Deno.test("a password that the machine works out is masked with all that it is made of", () => {
  const from = resource({ name: "x" }, "user");
  const value = {
    kind: "template" as const,
    text: "hunter2{{ item }}",
    scope: { vars: {} },
    secrets: [],
  };
  const diff = diffResources(from, { ...from, deferred: [{ at: "/password", value }] });
  assert.match(diff, /password: «secret»/);
  assert.doesNotMatch(diff, /hunter2/);
});
