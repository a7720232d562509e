import assert from "node:assert/strict";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { readPostgresSettings } from "./postgres_settings.ts";
import { defaultServerConfig } from "./read_server_config.ts";

const { database } = defaultServerConfig();
const postgres = { ...database, driver: "postgres" } as const;
const nothing = () => undefined;

Deno.test("a database of the server's own needs no settings", async () => {
  assert.equal(await readPostgresSettings(database, nothing), undefined);
});

Deno.test("TLS is verified unless the database is on this host or somebody turned it off", async () => {
  const tls = async (change: Partial<typeof postgres>) =>
    (await readPostgresSettings({ ...postgres, ...change }, nothing))?.tls;
  for (const host of ["127.0.0.1", "::1", "localhost", "/run/postgresql"]) {
    assert.equal(await tls({ host }), undefined, host);
  }
  assert.deepEqual(await tls({ host: "db.example.com" }), {});
  assert.deepEqual(await tls({ host: "127.example.com" }), {});
  assert.equal(await tls({ host: "db.example.com", tls: "off" }), undefined);
  assert.deepEqual(await tls({ tls: "verify" }), {});
});

Deno.test("a password comes from its file, and the environment goes before it", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("password");
  await Deno.writeTextFile(path, "from file\n", { mode: 0o600 });
  const config = { ...postgres, password_file: path };
  assert.equal((await readPostgresSettings(config, nothing))?.password, "from file");
  assert.equal(
    (await readPostgresSettings(config, () => "from outside"))?.password,
    "from outside",
  );
});

Deno.test("a password that everybody may read, none and a missing file are refused by their path", async () => {
  await using root = await TemporaryRoot.create();
  const read = (name: string) =>
    readPostgresSettings({ ...postgres, password_file: root.join(name) }, nothing);
  await Deno.writeTextFile(root.join("open"), "x", { mode: 0o644 });
  await Deno.writeTextFile(root.join("empty"), "\n", { mode: 0o600 });
  await assert.rejects(read("open"), /open": every user may read it\. Run: chmod 600/);
  await assert.rejects(read("empty"), /empty": it is empty/);
  await assert.rejects(read("missing"), /Cannot read database\.password_file ".*missing"/);
});
