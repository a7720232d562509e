import assert from "node:assert/strict";
import { ConnectionError, resolveConnection } from "./connection.ts";

function sources(files: Record<string, string>, env: Record<string, string> = {}) {
  return {
    env: (name: string) => ({ HOME: "/home/op", ...env })[name],
    readText: (path: string) => Promise.resolve(files[path]),
  };
}

Deno.test("on the server's own host nothing has to be said", async () => {
  const connection = await resolveConnection(
    {},
    sources({ "/srv/vigo/secrets/local.token": "vgot_local\n", "/srv/vigo/tls/ca.crt": "CA\n" }),
  );
  assert.deepEqual(connection, {
    baseUrl: "https://localhost:8443",
    token: "vgot_local",
    ca: "CA",
  });
});

Deno.test("an operator's own files win over what the host offers, and flags win over both", async () => {
  const files = {
    "/srv/vigo/secrets/local.token": "local",
    "/srv/vigo/tls/ca.crt": "LOCAL CA",
    "/home/op/.config/vigo/server": "https://vigo.example.com:8443/",
    "/home/op/.config/vigo/token": "mine",
    "/home/op/.config/vigo/ca.crt": "MY CA",
    "/tmp/other": "other",
  };
  const mine = await resolveConnection({}, sources(files));
  assert.deepEqual(mine, { baseUrl: "https://vigo.example.com:8443", token: "mine", ca: "MY CA" });
  const flagged = await resolveConnection({ tokenFile: "/tmp/other" }, sources(files));
  assert.equal(flagged.token, "other");
});

Deno.test("--root means the server under that root, whatever else the operator talks to", async () => {
  const connection = await resolveConnection(
    { root: "/opt/fleet" },
    sources({
      "/home/op/.config/vigo/token": "mine",
      "/home/op/.config/vigo/server": "https://elsewhere.example.com:8443",
      "/opt/fleet/srv/vigo/secrets/local.token": "local",
      "/opt/fleet/srv/vigo/rest.address": "https://127.0.0.1:9443\n",
    }),
  );
  assert.deepEqual(connection, { baseUrl: "https://127.0.0.1:9443", token: "local" });
});

Deno.test("without a token the error says where one may stand", async () => {
  await assert.rejects(
    resolveConnection({}, sources({})),
    (error) =>
      error instanceof ConnectionError && error.exitCode === 5 &&
      /~?.*\.config\/vigo\/token/.test(error.message),
  );
});

Deno.test("an address that is not https is refused before the token travels", async () => {
  const local = sources({ "/srv/vigo/secrets/local.token": "t" });
  await assert.rejects(resolveConnection({ server: "http://x:1" }, local), /only https/);
  await assert.rejects(resolveConnection({ server: "vigo" }, local), /expected https/);
  await assert.rejects(resolveConnection({ server: "http://x:1" }, sources({})), /only https/);
});
