import assert from "node:assert/strict";
import { Secret } from "../../shared/crypto/secret.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { deriveKey } from "../enroll/master_key.ts";
import { LocalSecretBackend, SECRET_KEY_PURPOSE } from "../secrets/local_secret_backend.ts";
import { readStoredSecret } from "../secrets/read_stored_secret.ts";
import { loadServerConfig } from "./load_server_config.ts";
import { readServerConfig } from "./read_server_config.ts";

const SECRETS = new Map([["hub/name", "vigo.example.com"], ["hub/bad", "not a name: hunter2"]]);

function problemsOf(text: string): readonly string[] {
  const result = readServerConfig(text, "server.yaml", SECRETS);
  return result.ok ? [] : result.problems;
}

Deno.test("a text that names a secret is the secret, wherever it stands", () => {
  const text = 'server:\n  hostname: secret:hub/name\n  tls_sans: [a, "secret:hub/name"]\n';
  const result = readServerConfig(text, "server.yaml", SECRETS);
  assert.ok(result.ok);
  assert.equal(result.config.server.hostname, "vigo.example.com");
  assert.deepEqual(result.config.server.tls_sans, ["a", "vigo.example.com"]);
});

Deno.test("a secret that is not there, or has no path, is a mistake with its place", () => {
  assert.deepEqual(problemsOf("server:\n  hostname: secret:no/such\n  tls_sans: [secret:../x]\n"), [
    'server.yaml:2:13: server.hostname "secret:no/such": there is no such secret. ' +
    "Start without it, and set it with: vigocli secrets set no/such",
    'server.yaml:3:14: server.tls_sans.0 "secret:../x": ' +
    "expected a path after secret:, like secret:db/password",
  ]);
});

Deno.test("a secret that the key does not take is named and not quoted", () => {
  for (const key of ["hostname", "listen", "grpc_port"]) {
    const [problem = "", ...more] = problemsOf(`server:\n  ${key}: secret:hub/bad\n`);
    assert.deepEqual(more, []);
    assert.match(problem, new RegExp(`^server.yaml:2:\\d+: server.${key} "secret:hub/bad": `));
    assert.doesNotMatch(problem, /hunter2/);
  }
});

Deno.test("the secrets of a server that has run are read before it starts, and none of one that has not", async () => {
  await using root = await TemporaryRoot.create();
  const file = root.join("server.yaml");
  await Deno.writeTextFile(file, "server: { hostname: secret:hub/name }\n");
  const load = () =>
    loadServerConfig(file, {
      isRequired: true,
      readSecret: (path) => readStoredSecret(root.path, path),
    });
  await assert.rejects(load(), /there is no such secret/);
  const masterKey = new Uint8Array(32).fill(9);
  await Deno.writeTextFile(root.join("master.key"), masterKey.toHex());
  const backend = await LocalSecretBackend.open({
    folder: root.join("values"),
    key: deriveKey(masterKey, SECRET_KEY_PURPOSE),
    now: () => 1,
  });
  await backend.set("hub/name", new Secret("hub.example"));
  assert.equal((await load()).server.hostname, "hub.example");
  await Deno.writeTextFile(root.join("master.key"), "short");
  await assert.rejects(load(), /master.key" is malformed/);
});
