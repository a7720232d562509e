import assert from "node:assert/strict";
import { LOCAL_ROOT } from "../service/principal.ts";
import { answered } from "../service/service_answer.ts";
import type { SecretVault } from "../secrets/secret_vault.ts";
import { secretRoutes } from "./secret_routes.ts";

function routes(kept: readonly string[], hosts: readonly string[]) {
  const deleted: string[] = [];
  // What the route of a deletion asks of a vault.
  const vault = {
    missing: (paths: Iterable<string>) =>
      Promise.resolve([...paths].filter((path) => !kept.includes(path))),
    delete: (path: string) => {
      deleted.push(path);
      return Promise.resolve(answered({ path }));
    },
  } as unknown as SecretVault;
  const table = secretRoutes(vault, () => Promise.resolve({ hosts, crates: ["web"] }));
  const drop = (path: string, force: boolean) =>
    table.secretDelete({
      params: {},
      query: {},
      body: { path, force },
      principal: LOCAL_ROOT,
      request: new Request("https://server/"),
      address: "192.0.2.1",
      answerHeaders: new Headers(),
    });
  return { drop, deleted };
}

Deno.test("a secret that a live policy names is deleted by force alone, and its users are named", async () => {
  const hosts = ["a", "b", "c", "d", "e", "f"];
  const { drop, deleted } = routes(["db/key"], hosts);
  await assert.rejects(
    drop("db/key", false),
    /web names it, for a, b, c, d, e and 1 more, .*--force/,
  );
  assert.deepEqual(deleted, []);
  await drop("db/key", true);
  assert.deepEqual(deleted, ["db/key"]);
});

Deno.test("a secret that nobody names is deleted, and one that is not there is not called used", async () => {
  const { drop, deleted } = routes(["db/old"], []);
  await drop("db/old", false);
  await routes([], ["web-1"]).drop("db/gone", false);
  assert.deepEqual(deleted, ["db/old"]);
});
