import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { applyResources, bundleResource, outcomesOf } from "../../tests/support/apply_resources.ts";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { checkGuardrails } from "../../shared/config/guardrails.ts";
import type { DeferredValue } from "../../shared/config/policy_bundle.ts";
import { Secret } from "../../shared/crypto/secret.ts";
import type { AppliedResources } from "./apply_bundle.ts";
import { NO_FACTS } from "./machine_facts.ts";
import type { SecretSource } from "./secret_source.ts";

const PASSWORD = 'hunter2 "quoted"';

/** Keeps one secret, and redacts nothing but the secret itself. */
const secrets: SecretSource = {
  get: (path) =>
    path === "db/password" ? { ok: true, secret: new Secret(PASSWORD) } : {
      ok: false,
      reason: `secret ${JSON.stringify(path)} does not exist on the server`,
    },
  redact: (text) => text.replaceAll(PASSWORD, "«secret»"),
};

const facts = { ...NO_FACTS, traits: { os: { codename: "bookworm", major: 12 } } };

const SECRET = { kind: "secret", path: "db/password" } as const;

function template(
  text: string,
  fields: { readonly vars?: Record<string, string>; readonly withSecret?: boolean } = {},
): DeferredValue["value"] {
  const { vars = {}, withSecret = false } = fields;
  return {
    kind: "template",
    text,
    scope: { vars: withSecret ? { ...vars, password: null } : vars },
    secrets: withSecret ? [{ at: "/vars/password", path: "db/password" }] : [],
  };
}

function shown(applied: AppliedResources): string {
  return applied.resources.map(({ diff = "", reason = "" }) => `${diff}\n${reason}`).join("\n");
}

Deno.test("a file gets a template's text and a secret, and its diff shows neither secret nor an earlier one", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("app.conf");
  await Deno.writeTextFile(path, "suite=bullseye\npassword=the old one\nport=1\n");
  const text = "suite={{ traits.os.codename }}\npassword={{ vars.password }}\nport=1\n";
  const bundle = [
    bundleResource("file:app", {
      params: { path },
      deferred: [{ at: "/content", value: template(text, { withSecret: true }) }],
    }),
  ];
  const applied = await applyResources(machine, bundle, { secrets, facts });
  assert.deepEqual(outcomesOf(applied), { "file:app": "updated" });
  assert.equal(await Deno.readTextFile(path), `suite=bookworm\npassword=${PASSWORD}\nport=1\n`);
  const [{ diff } = { diff: "" }] = applied.resources;
  assert.equal(
    diff?.split("@@\n")[1],
    [
      "-«secret»",
      "-«secret»",
      "+suite=bookworm",
      "+password=«secret»",
      " port=1",
    ].join("\n"),
  );
  assert.deepEqual(outcomesOf(await applyResources(machine, bundle, { secrets, facts })), {
    "file:app": "none",
  });
});

Deno.test("what a template makes of a secret is not shown either, in diffs and in errors", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("auth.conf");
  const encoded = Buffer.from(PASSWORD).toString("base64");
  const value = template("user=app\nauth: {{ vars.password | base64_encode }}\n", {
    withSecret: true,
  });
  const bundle = [
    bundleResource("file:fine", { params: { path }, deferred: [{ at: "/content", value }] }),
    bundleResource("file:refused", {
      params: { path: `${path}2`, validate: "cat %; false" },
      deferred: [{ at: "/content", value }],
    }),
    bundleResource("exec:loud", {
      params: { environment: {} as Record<string, string>, command: "echo $AUTH $RAW >&2; exit 3" },
      deferred: [
        { at: "/environment/AUTH", value },
        { at: "/environment/RAW", value: SECRET },
      ],
    }),
  ];
  const applied = await applyResources(machine, bundle, { secrets, facts });
  assert.ok((await Deno.readTextFile(path)).includes(encoded));
  const text = shown(applied);
  assert.doesNotMatch(text, /hunter2/);
  assert.ok(!text.includes(encoded.replace(/=+$/, "")), text);
  assert.match(text, /\+user=app\n\+auth: «secret»/);
  assert.match(outcomesOf(applied)["file:refused"] ?? "", /^failed: .*user=app\nauth: «secret»/s);
  assert.match(outcomesOf(applied)["exec:loud"] ?? "", /^failed: .*status 3: .*«secret»/s);
});

Deno.test("a secret that is not to be had makes a resource unknown and is never written empty", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("app.conf");
  await Deno.writeTextFile(path, "old");
  const bundle = [
    bundleResource("file:gone", {
      params: { path },
      deferred: [{ at: "/content", value: { kind: "secret", path: "other/password" } }],
    }),
    bundleResource("exec:after", { params: { command: "true" }, dependsOn: ["file:gone"] }),
  ];
  const known = outcomesOf(await applyResources(machine, bundle, { secrets, facts }));
  assert.equal(
    known["file:gone"],
    'unknown: secret "other/password" does not exist on the server',
  );
  assert.equal(known["exec:after"], "skipped: depends on file:gone, which is unknown");
  const offline = outcomesOf(await applyResources(machine, bundle, { facts }));
  assert.equal(offline["file:gone"], "unknown: secret not available offline");
  const dry = outcomesOf(await applyResources(machine, bundle, { facts, dryRun: true }));
  assert.equal(dry["exec:after"], "unknown: depends on unknown file:gone");
  assert.equal(await Deno.readTextFile(path), "old");
});

Deno.test("a template that names what the machine lacks is unknown, with the parameter and the name", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("app.conf");
  const bundle = [
    bundleResource("file:app", {
      params: { path },
      deferred: [{ at: "/content", value: template("{{ traits.os.codenme }}") }],
    }),
  ];
  const applied = outcomesOf(await applyResources(machine, bundle, { facts }));
  assert.equal(
    applied["file:app"],
    'unknown: cannot fill in "content": undefined name "traits.os.codenme". ' +
      'Did you mean "traits.os.codename"?',
  );
  assert.equal(await machine.files.inspect(path), undefined);
});

Deno.test("what the schema refuses fails with the parameter's name and never the secret", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("app.conf");
  const bundle = [
    bundleResource("file:mode", {
      params: { path, content: "x" },
      deferred: [{ at: "/mode", value: SECRET }],
    }),
    bundleResource("file:path", {
      params: { content: "x" },
      deferred: [{ at: "/path", value: SECRET }],
    }),
    bundleResource("user:app", {
      params: { name: "app" },
      deferred: [{ at: "/shell", value: SECRET }],
    }),
    bundleResource("file:surprise", {
      params: { path, content: "x" },
      deferred: [{ at: "/surprise", value: SECRET }],
    }),
    bundleResource("exec:number", {
      params: { command: "true" },
      deferred: [{ at: "/timeout", value: template("{{ traits.os.codename }}") }],
    }),
  ];
  const applied = await applyResources(machine, bundle, { secrets, facts });
  const outcomes = outcomesOf(applied);
  assert.equal(
    outcomes["file:mode"],
    "failed: Cannot read the parameters of file: mode: " +
      "is not what is expected there; it holds a secret and is not shown",
  );
  assert.match(outcomes["file:path"] ?? "", /^failed: .* path: is not what/);
  assert.match(outcomes["user:app"] ?? "", /^failed: .* shell: is not what/);
  assert.match(outcomes["file:surprise"] ?? "", /surprise/);
  assert.match(
    outcomes["exec:number"] ?? "",
    /^failed: Cannot read the parameters of exec: timeout/,
  );
  assert.doesNotMatch(shown(applied), /hunter2/);
});

Deno.test("a value from a template has the type that the schema takes", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("major");
  const bundle = [
    bundleResource("file:major", {
      params: { path },
      deferred: [{ at: "/content", value: template("{{ traits.os.major }}") }],
    }),
    bundleResource("exec:limited", {
      params: { command: "true" },
      deferred: [{ at: "/timeout", value: template("{{ traits.os.major }}") }],
    }),
  ];
  assert.deepEqual(outcomesOf(await applyResources(machine, bundle, { facts })), {
    "file:major": "created",
    "exec:limited": "updated",
  });
  assert.equal(await Deno.readTextFile(path), "12");
});

Deno.test("guardrails look at what was filled in", async () => {
  await using machine = await TemporaryMachine.create();
  const path = template("/etc/{{ vars.name }}-{{ traits.os.kind }}/config", {
    vars: { name: "vigo" },
  });
  const command = template("systemctl {{ vars.verb }} vigo-{{ traits.os.kind }}", {
    vars: { verb: "stop" },
  });
  const hidden = template("systemctl stop {{ vars.password }}", { withSecret: true });
  const bundle = [
    bundleResource("file:f", {
      params: { content: "x" },
      deferred: [{ at: "/path", value: path }],
    }),
    bundleResource("exec:e", { deferred: [{ at: "/command", value: command }] }),
    bundleResource("exec:s", { deferred: [{ at: "/command", value: hidden }] }),
  ];
  const applied = outcomesOf(
    await applyResources(machine, bundle, {
      guardrails: checkGuardrails,
      facts: { ...facts, traits: { os: { kind: "envoy" } } },
      secrets: {
        get: () => ({ ok: true, secret: new Secret("vigo-envoy") }),
        redact: (text) => text.replaceAll("vigo-envoy", "«secret»"),
      },
    }),
  );
  assert.match(
    applied["file:f"] ?? "",
    /^failed: configcrate "base" may not have file:f: .*belongs/,
  );
  assert.match(
    applied["exec:e"] ?? "",
    /^failed: configcrate "base" may not have exec:e: its "command"/,
  );
  assert.match(applied["exec:s"] ?? "", /^failed: .* its "command"/);
  assert.ok(!applied["exec:s"]?.includes("vigo-envoy"));
});
