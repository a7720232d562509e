import assert from "node:assert/strict";
import { z } from "zod";
import { type DeferredValue, deferredValueSchema } from "../config/policy_bundle.ts";
import { DeferredValueError, fillDeferred, type MachineValues } from "./fill_deferred.ts";
import { parseTemplated } from "./parse_templated.ts";
import { createTemplateEngine } from "./template_engine.ts";

const ENGINE = createTemplateEngine();
const MACHINE: MachineValues = {
  traits: { os: { codename: "bookworm", major: 12 } },
  secret: (path) => path === "db/password" ? "{{ vars.x }}" : undefined,
};

function fill(params: Record<string, never>, deferred: readonly DeferredValue[]) {
  for (const value of deferred) deferredValueSchema.parse(value);
  return fillDeferred(params, deferred, MACHINE, ENGINE);
}

const SECRET = { kind: "secret", path: "db/password" } as const;

Deno.test("a secret goes to its place as it is, and is never a template itself", () => {
  const params = { environment: { A: "1" }, list: ["a", null] } as never;
  const { params: filled } = fill(params, [
    { at: "/environment/B~1", value: SECRET },
    { at: "/list/1", value: SECRET },
    { at: "/__proto__", value: SECRET },
  ]);
  assert.equal(
    JSON.stringify(filled),
    '{"environment":{"A":"1","B/":"{{ vars.x }}"},"list":["a","{{ vars.x }}"],"__proto__":"{{ vars.x }}"}',
  );
  assert.deepEqual(params, { environment: { A: "1" }, list: ["a", null] });
});

Deno.test("a template sees its scope, the machine's traits, and secrets where they are named", () => {
  const { params } = fill({}, [{
    at: "/content",
    value: {
      kind: "template",
      text: "{{ vars.db.user }}:{{ vars.db.password }}@{{ vars.host }} {{ env }} {{ item.n }}",
      scope: {
        vars: { db: { user: "app", password: null }, host: null, suite: null },
        env: "production",
        item: { n: 7 },
      },
      secrets: [{ at: "/vars/db/password", path: "db/password" }],
      templates: [
        { at: "/vars/suite", text: "{{ traits.os.codename }}" },
        { at: "/vars/host", text: "{{ vars.suite }}.example" },
      ],
    },
  }]);
  assert.equal(params.content, "app:{{ vars.x }}@bookworm.example production 7");
});

const SCHEMA = z.strictObject({ content: z.string(), limit: z.number().optional() });

Deno.test("a single name keeps its type where the schema takes it, and is text where that wants text", () => {
  const value = {
    kind: "template" as const,
    text: "{{ traits.os.major }}",
    scope: { vars: {} },
    secrets: [],
  };
  const filled = fill({}, [{ at: "/content", value }, { at: "/limit", value }]);
  assert.deepEqual(filled.params, { content: 12, limit: 12 });
  assert.deepEqual(parseTemplated(SCHEMA, filled).data, { content: "12", limit: 12 });
  const text = fill({}, [{ at: "/content", value: { ...value, isText: true } }]);
  assert.deepEqual(text.params, { content: "12" });
  // What no template gave is held against the schema as it was written.
  assert.ok(!parseTemplated(SCHEMA, { params: { content: 12 }, fromTemplates: [] }).success);
});

Deno.test("what is not available is named, as a secret or as a name", () => {
  const missing: DeferredValue = { at: "/content", value: { kind: "secret", path: "other" } };
  assert.throws(() => fill({}, [missing]), (error) => {
    assert.ok(error instanceof DeferredValueError);
    assert.equal(error.kind, "secret");
    assert.equal(error.message, 'secret "other" is not available');
    return true;
  });
  const value = {
    kind: "template" as const,
    text: "{{ traits.os.codenam }}",
    scope: { vars: {} },
    secrets: [],
  };
  assert.throws(() => fill({}, [{ at: "/content", value }]), (error) => {
    assert.ok(error instanceof DeferredValueError);
    assert.equal(error.kind, "template");
    assert.match(error.message, /^cannot fill in "content": undefined name .*"traits.os.codename"/);
    return true;
  });
});
