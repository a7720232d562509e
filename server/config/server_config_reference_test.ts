import assert from "node:assert/strict";
import { defaultServerConfig, readServerConfig } from "./read_server_config.ts";
import { serverConfigReference } from "./server_config_reference.ts";

/** The lines without the first of their `#`. */
function uncommented(): string {
  return serverConfigReference().split("\n").map((line) => line.replace(/^#/, "")).join("\n");
}

Deno.test("the annotated server.yaml configures nothing as it stands", () => {
  const result = readServerConfig(serverConfigReference(), "server.yaml");
  assert.deepEqual(result.ok && result.config, defaultServerConfig());
});

Deno.test("the annotated server.yaml without its comments is the defaults and a few examples", () => {
  const result = readServerConfig(uncommented(), "server.yaml");
  assert.deepEqual(result.ok ? [] : result.problems, []);
  assert.ok(result.ok);
  const { server, swarm, ...rest } = result.config;
  const { server: defaultServer, swarm: _, ...defaults } = defaultServerConfig();
  const { password_file, tls, tls_ca, ...database } = rest.database;
  assert.deepEqual({ ...rest, database }, defaults);
  assert.ok(password_file?.startsWith("/") && tls_ca?.startsWith("/") && tls === "verify");
  assert.deepEqual(server, { ...defaultServer, hostname: "vigo.example.com" });
  assert.equal(swarm?.max_upload_mbps, 100);
  assert.equal(swarm?.enabled, false);
});

Deno.test("every setting of the annotated server.yaml is explained", () => {
  const lines = uncommented().split("\n");
  const settings = lines.flatMap((line, at) => /^ +\w+: ./.test(line) ? [at] : []);
  assert.ok(settings.length > 20);
  for (const at of settings) {
    assert.match(lines[at - 1] ?? "", /^ *#|^ *\w+:$/, `${lines[at]} has a remark above it`);
  }
});
