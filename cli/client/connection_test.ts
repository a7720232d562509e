import assert from "node:assert/strict";
import { ConnectionError, resolveConnection, resolveServer } from "./connection.ts";

function sources(files: Record<string, string>, env: Record<string, string> = {}) {
  return {
    env: (name: string) => ({ HOME: "/home/op", ...env })[name],
    readText: (path: string) => Promise.resolve(files[path]),
    isPrivate: (path: string) => Promise.resolve(!path.includes("shared-home")),
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
  const named = await resolveConnection({}, sources(files, { VIGO_TOKEN_FILE: "/tmp/other" }));
  assert.equal(named.token, "other");
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
      /vigocli login.*--token-file/.test(error.message),
  );
});

Deno.test("the token of this host's root goes to no other server", async () => {
  const files = {
    "/srv/vigo/secrets/local.token": "local",
    "/srv/vigo/rest.address": "https://vigo.example.com:8443\n",
  };
  const tokenFor = async (server: string, more: Record<string, string> = {}) =>
    (await resolveConnection({ server }, sources({ ...files, ...more }))).token;
  for (
    const own of ["https://localhost:8443", "https://127.0.0.1:1", "https://vigo.example.com:8443"]
  ) assert.equal(await tokenFor(own), "local");
  await assert.rejects(
    tokenFor("https://elsewhere.example.com:8443"),
    (error) =>
      error instanceof ConnectionError && error.exitCode === 5 &&
      /Refusing to send .*--token-file/.test(error.message) &&
      !error.message.includes("local.token"),
  );
  const mine = { "/home/op/.config/vigo/token": "mine" };
  assert.equal(await tokenFor("https://elsewhere.example.com:8443", mine), "mine");
});

Deno.test("a token that others may read is not used, and an empty file is told", async () => {
  const open = sources(
    { "/shared-home/.config/vigo/token": "mine", "/tmp/empty": "\n" },
    { HOME: "/shared-home" },
  );
  await assert.rejects(resolveConnection({}, open), /others may read the token.*chmod 600/);
  await assert.rejects(resolveConnection({ tokenFile: "/tmp/empty" }, open), /it is empty/);
});

Deno.test("a file that holds more than a token is refused without a word of what is in it", async () => {
  for (const text of ["vgot_secret\n[rc=0]\n", "vgot_secret and more", "vgot_secret\u{1b}"]) {
    for (
      const [files, flags] of [
        [{ "/tmp/token": text }, { tokenFile: "/tmp/token" }],
        [{ "/home/op/.config/vigo/token": text }, {}],
      ] as const
    ) {
      await assert.rejects(
        resolveConnection(flags, sources(files)),
        (error) =>
          error instanceof ConnectionError && /more than one token/.test(error.message) &&
          !error.message.includes("secret"),
      );
    }
  }
});

Deno.test("whoever is about to log in needs a place and no token", async () => {
  const files = { "/tmp/ca.crt": "CA\n" };
  assert.deepEqual(
    await resolveServer(
      { server: "https://vigo.example.com:8443", ca: "/tmp/ca.crt" },
      sources(files),
    ),
    { baseUrl: "https://vigo.example.com:8443", ca: "CA" },
  );
});

Deno.test("an address that is not https is refused before the token travels", async () => {
  const local = sources({ "/srv/vigo/secrets/local.token": "t" });
  await assert.rejects(resolveConnection({ server: "http://x:1" }, local), /only https/);
  await assert.rejects(resolveConnection({ server: "vigo" }, local), /expected https/);
  await assert.rejects(resolveConnection({ server: "http://x:1" }, sources({})), /only https/);
});
