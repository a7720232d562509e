import assert from "node:assert/strict";
import fc from "fast-check";
import type { Json } from "../canonical/canonical_json.ts";
import { checkGuardrails } from "./guardrails.ts";
import { PARAMETER_NAMES } from "./resource_schemas.ts";

function check(type: string, params: Record<string, string | boolean | string[]>) {
  return checkGuardrails({ type, name: "x", crate: "base", params });
}

const REFUSED: readonly [string, Record<string, string | boolean | string[]>][] = [
  ["file", { path: "/etc/vigo-envoy/config" }],
  ["file", { path: "/etc/../etc//vigo-envoy/./config" }],
  ["file", { path: "/srv/vigo" }],
  ["file", { path: "/proc/self/root/srv/vigo/server.yaml" }],
  ["file", { path: "/proc/1/root/etc/vigo-envoy/config" }],
  ["file", { path: "/private/var/lib/vigo/agent.db" }],
  ["file", { path: "/Library/Vigo/agent.db" }],
  ["file", { path: "/var/run/vigo/agent.sock" }],
  ["directory", { path: "/var/lib/vigo/swarm" }],
  ["directory", { path: "/var/lib", ensure: "absent" }],
  ["directory", { path: "/", ensure: "absent" }],
  ["symlink", { path: "/var/lib" }],
  ["symlink", { path: "/usr/bin" }],
  ["mount", { path: "/var/lib/vigo/swarm", ensure: "present" }],
  ["mount", { path: "/var", ensure: "mounted" }],
  ["mount", { path: "/srv", ensure: "absent" }],
  ["git", { path: "/srv/vigo/stacks" }],
  ["git", { path: "/usr/local" }],
  ["archive", { path: "/usr/local/bin/vigo" }],
  ["archive", { path: "/etc/vigo-envoy" }],
  ["process", { name: "vigo", ensure: "stopped" }],
  ["process", { name: "vigosrv", ensure: "signalled" }],
  ["file", { path: "/usr/local/bin/vigo" }],
  ["symlink", { path: "/usr/bin/vigosrv" }],
  ["file", { path: "/etc/systemd/system/vigo-envoy.service" }],
  ["file", { path: "/etc/systemd/system/vigo-envoy.service.d/override.conf" }],
  ["directory", { path: "/etc/systemd/system/vigo-envoy.service.d" }],
  ["file_line", { path: "/etc/systemd/system/vigo-envoy.service", line: "x" }],
  ["json_file", { path: "/srv/vigo/.live" }],
  ["file", { path: "/etc/motd", validate: "rm -rf /srv/vigo; true %" }],
  ["service", { name: "vigo-envoy", state: "stopped" }],
  ["service", { name: "vigo-envoy.service", enabled: false }],
  ["service", { name: "vigo-envoy", masked: true }],
  ["service", { name: "vigo-envoy", state: "stopped", provider: "runit" }],
  ["service", { name: "vigosrv", enabled: false, provider: "openrc" }],
  ["service", { name: "com.vigo.envoy", state: "stopped", provider: "launchd" }],
  ["file", { path: "/etc/sv/vigo-envoy/down" }],
  ["file", { path: "/etc/sv/vigo-envoy/run" }],
  ["symlink", { path: "/var/service/vigo-envoy" }],
  ["symlink", { path: "/etc/runlevels/default/vigo-envoy" }],
  ["package", { name: ["curl", "vigo"], ensure: "absent" }],
  ["package", { name: "vigo-envoy.x86_64", ensure: "absent", provider: "dnf" }],
  ["package", { name: "vigo:amd64", ensure: "absent", provider: "apt" }],
  ["package", { name: "example/tools/vigo", ensure: "absent", provider: "brew" }],
  ["exec", { command: "apt-get update && sudo systemctl stop vigo-envoy" }],
  ["exec", { command: ["rm", "-rf", "/srv/vigo"] }],
  ["exec", { command: "true", unless: "pkill vigo" }],
  ["exec", { command: "rm -rf db", cwd: "/srv/vigo" }],
  ["file", {
    path: "/etc/systemd/system/multi-user.target.wants/vigo-envoy.service",
    ensure: "absent",
  }],
  ["file", { path: "/etc/passwd", ensure: "absent" }],
  ["user", { name: "root", ensure: "absent" }],
  ["cron", { command: "rm -rf /var/lib/vigo/.blobs" }],
];

for (const [type, params] of REFUSED) {
  Deno.test(`${type} ${JSON.stringify(params)} is refused`, () => {
    const verdict = check(type, params);
    assert.equal(verdict.ok, false);
    assert.match(verdict.ok ? "" : verdict.reason, /configcrate "base" may not have .*:x: /);
  });
}

for (const [type, names] of Object.entries(PARAMETER_NAMES)) {
  if (!names.includes("path")) continue;
  Deno.test(`${type} may not have a path of Vigo`, () => {
    assert.equal(check(type, { path: "/etc/vigo-envoy/config" }).ok, false);
  });
}

const ALLOWED: readonly [string, Record<string, string | boolean>][] = [
  ["file", { path: "/etc/motd" }],
  ["file", { path: "/srv/vigorous/x" }],
  ["file", { path: "/srv/vigo-demo/x" }],
  ["file", { path: "/etc/vigo-envoyage" }],
  ["directory", { path: "/srv" }],
  ["directory", { path: "/etc" }],
  ["mount", { path: "/var", ensure: "present" }],
  ["mount", { path: "/srv/data", ensure: "mounted" }],
  ["git", { path: "/srv/site" }],
  ["archive", { path: "/usr/local" }],
  ["process", { name: "vigo", ensure: "running" }],
  ["process", { name: "vigorous", ensure: "stopped" }],
  ["file", { path: "/usr/local/bin/vigorous" }],
  ["file", { path: "/etc/systemd/system/nginx.service" }],
  ["service", { name: "vigo-envoy", state: "running", enabled: true }],
  ["service", { name: "vigorous", state: "stopped" }],
  ["file", { path: "/etc/sv/nginx/run" }],
  ["package", { name: "vigo", ensure: "latest" }],
  ["package", { name: "vigor.x86_64", ensure: "absent" }],
  ["exec", { command: "true" }],
];

for (const [type, params] of ALLOWED) {
  Deno.test(`${type} ${JSON.stringify(params)} is allowed`, () => {
    assert.deepEqual(check(type, params), { ok: true });
  });
}

function checkCustom(params: Json) {
  return checkGuardrails({ type: "custom", name: "x", crate: "base", params: { params } });
}

Deno.test("no path of Vigo is handed to a custom executable, however deep it stands", () => {
  const refused: Json[] = [
    { target: "/srv/vigo/stacks" },
    { target: "/srv/../srv//vigo" },
    { target: "/var/lib/vigo/swarm/files/../manifest" },
    { nested: [{ list: ["x", "/etc/vigo-envoy/config"] }] },
    { "/usr/local/bin/vigo": "0755" },
    { unit: "/etc/systemd/system/vigo-envoy.service" },
  ];
  for (const params of refused) {
    assert.equal(checkCustom(params).ok, false, JSON.stringify(params));
  }
  const verdict = checkCustom({ nested: [{ target: "/srv/vigo/x" }] });
  assert.equal(
    verdict.ok ? "" : verdict.reason,
    'configcrate "base" may not have custom:x: its "params.nested.0.target" hands a path to the executable: ' +
      '"/srv/vigo/x" is in /srv/vigo, which belongs to Vigo',
  );
});

Deno.test("a custom executable gets any other text, folders that hold more than Vigo, and files that were cast", () => {
  const cast = "/var/lib/vigo/swarm/files/app.tar.gz";
  for (
    const text of ["/", "/etc", "/srv", "/usr/local/bin", "/srv/site", "x /srv/vigo", "vigo", cast]
  ) {
    assert.deepEqual(checkCustom({ text, more: [1, null, true] }), { ok: true }, text);
  }
});

Deno.test("no detour in a path gets past the guardrails", () => {
  const detour = fc.constantFrom("/", "/./", "//", "/a/../", "/a/b/../../", "/./a/.././");
  fc.assert(fc.property(detour, detour, detour, (first, second, third) => {
    assert.equal(check("file", { path: `${first}etc${second}vigo-envoy${third}config` }).ok, false);
  }));
});
