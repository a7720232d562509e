import assert from "node:assert/strict";
import { Secret } from "../../shared/crypto/secret.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { LocalSecretBackend } from "./local_secret_backend.ts";
import { MAX_SECRET_BYTES, SecretError } from "./secret_backend.ts";

const KEY = new Uint8Array(32).fill(7);

async function open(root: TemporaryRoot, key = KEY): Promise<LocalSecretBackend> {
  return await LocalSecretBackend.open({ folder: root.join("values"), key, now: () => 1000 });
}

async function filesOf(root: TemporaryRoot): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(root.join("values"))) names.push(name);
  return names;
}

async function textOf(call: Promise<Secret | undefined>): Promise<string | undefined> {
  return (await call)?.reveal();
}

async function failure(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof SecretError) return error.message;
    throw error;
  }
  throw new assert.AssertionError({ message: "it did not fail" });
}

Deno.test("a secret comes back as it was, also after a restart and with each version", async () => {
  await using root = await TemporaryRoot.create();
  const backend = await open(root);
  const odd = "\ufeffzwei\nZeilen \u{1f511}\n";
  assert.deepEqual(await backend.set("db/password", new Secret("hunter2")), {
    path: "db/password",
    version: 1,
    updatedAtMs: 1000,
  });
  assert.equal((await backend.set("db/password", new Secret(odd))).version, 2);
  assert.equal(await textOf(backend.get("db/password")), odd);
  assert.equal(await textOf((await open(root)).get("db/password")), odd);
  assert.equal(await backend.get("db/other"), undefined);
});

Deno.test("what is on the disk shows neither the value nor leaves the folder, and only its owner reads it", async () => {
  await using root = await TemporaryRoot.create();
  const backend = await open(root);
  // A path that is another's folder, and two that differ in case alone.
  const paths = ["db", "db/password", "DB/password", "a".repeat(255), "master.key"];
  for (const path of paths) await backend.set(path, new Secret(`hunter2 of ${path}`));
  const names = await filesOf(root);
  assert.equal(names.length, paths.length);
  for (const name of names) {
    assert.match(name, /^[0-9a-f]{64}\.secret$/);
    const file = root.join("values", name);
    assert.equal(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o600);
    assert.doesNotMatch(await Deno.readTextFile(file), /hunter2/);
  }
  assert.equal(((await Deno.stat(root.join("values"))).mode ?? 0) & 0o777, 0o700);
  for (const path of paths) {
    assert.equal(await textOf(backend.get(path)), `hunter2 of ${path}`);
  }
});

Deno.test("the same value is never sealed alike twice", async () => {
  await using root = await TemporaryRoot.create();
  const backend = await open(root);
  const seen = new Set<string>();
  for (let turn = 0; turn < 20; turn += 1) {
    await backend.set("db/password", new Secret("hunter2"));
    const [name = ""] = await filesOf(root);
    const { nonce, sealed } = JSON.parse(await Deno.readTextFile(root.join("values", name)));
    seen.add(nonce).add(sealed);
  }
  assert.equal(seen.size, 40);
});

Deno.test("whatever of a file is changed, opening it fails and names the path alone", async () => {
  await using root = await TemporaryRoot.create();
  const backend = await open(root);
  await backend.set("db/password", new Secret("hunter2"), { length: 7, alphabet: "hunter2" });
  const [name = ""] = await filesOf(root);
  const file = root.join("values", name);
  const whole = await Deno.readTextFile(file);
  const parsed = JSON.parse(whole);
  const flipped = (text: string) => (text.startsWith("A") ? "B" : "A") + text.slice(1);
  const changes: Record<string, unknown> = {
    path: "db/other",
    version: 9,
    updatedAtMs: 1,
    recipe: { length: 8, alphabet: "hunter2" },
    nonce: flipped(parsed.nonce),
    sealed: flipped(parsed.sealed),
  };
  const texts = Object.entries(changes).map(([field, value]) =>
    JSON.stringify({ ...parsed, [field]: value })
  );
  for (const text of [...texts, whole.slice(0, 60), "", "null", `${whole}x`]) {
    await Deno.writeTextFile(file, text);
    const message = await failure(backend.get("db/password"));
    assert.match(message, /^Cannot read secret "db\/password": .*Set it again/);
    assert.doesNotMatch(message, /hunter2|\n/);
  }
  await Deno.writeTextFile(file, whole);
  assert.match(
    await failure((await open(root, new Uint8Array(32))).get("db/password")),
    /master key/,
  );
});

Deno.test("two files that are exchanged open neither", async () => {
  await using root = await TemporaryRoot.create();
  const backend = await open(root);
  await backend.set("one", new Secret("first"));
  await backend.set("two", new Secret("second"));
  const [a = "", b = ""] = (await filesOf(root)).map((name) => root.join("values", name));
  await Deno.rename(a, `${a}.kept`);
  await Deno.rename(b, a);
  await Deno.rename(`${a}.kept`, b);
  for (const path of ["one", "two"]) {
    assert.match(await failure(backend.get(path)), /that of another secret/);
  }
  const { secrets, problems } = await backend.list();
  assert.deepEqual([secrets.length, problems.length], [0, 2]);
});

Deno.test("a damaged file is listed as a problem, and setting the secret mends it", async () => {
  await using root = await TemporaryRoot.create();
  const backend = await open(root);
  await backend.set("broken", new Secret("value"));
  const [name = ""] = await filesOf(root);
  await backend.set("whole", new Secret("value"));
  await Deno.writeTextFile(root.join("values", name), "{");
  const { secrets, problems } = await backend.list();
  assert.deepEqual(secrets.map(({ path }) => path), ["whole"]);
  assert.equal(problems.length, 1);
  await backend.set("broken", new Secret("again"));
  assert.equal(await textOf(backend.get("broken")), "again");
});

Deno.test("what a cut-off write left is removed at the next start, and what it would replace is whole", async () => {
  await using root = await TemporaryRoot.create();
  await (await open(root)).set("db/password", new Secret("old"));
  await Deno.writeTextFile(root.join("values", ".tmp-7c9e"), '{"format":1,"pa');
  const reopened = await open(root);
  assert.equal((await filesOf(root)).length, 1);
  assert.equal(await textOf(reopened.get("db/password")), "old");
});

Deno.test("a deleted secret is gone, and only what was there can be deleted", async () => {
  await using root = await TemporaryRoot.create();
  const backend = await open(root);
  await backend.set("db/password", new Secret("hunter2"));
  assert.equal(await backend.delete("db/password"), true);
  assert.equal(await backend.delete("db/password"), false);
  assert.equal(await backend.get("db/password"), undefined);
  assert.deepEqual(await filesOf(root), []);
});

Deno.test("an empty value and one over the limit are refused, and leave what was there", async () => {
  await using root = await TemporaryRoot.create();
  const backend = await open(root);
  const largest = "x".repeat(MAX_SECRET_BYTES);
  await backend.set("key", new Secret(largest));
  assert.match(await failure(backend.set("key", new Secret(""))), /it is empty/);
  assert.match(await failure(backend.set("key", new Secret(`${largest}x`))), /at most 65536/);
  assert.equal(await textOf(backend.get("key")), largest);
});

Deno.test("changes at the same time each count", async () => {
  await using root = await TemporaryRoot.create();
  const backend = await open(root);
  const values = Array.from({ length: 10 }, (_, index) => new Secret(`value ${index}`));
  const set = await Promise.all(values.map((value) => backend.set("key", value)));
  assert.deepEqual(set.map(({ version }) => version), values.map((_, index) => index + 1));
  assert.equal(await textOf(backend.get("key")), "value 9");
});
