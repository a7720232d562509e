import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { Secret } from "../../shared/crypto/secret.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { AuditLog } from "../audit/audit_log.ts";
import type { ServiceAnswer } from "../service/service_answer.ts";
import { MemoryStore } from "../store/memory_store.ts";
import { LocalSecretBackend } from "./local_secret_backend.ts";
import { SecretVault } from "./secret_vault.ts";

const ROOT = { name: "local-root" };

class Rig implements AsyncDisposable {
  readonly store = new MemoryStore();
  /** Paths of each change that was told. */
  readonly changes: string[][] = [];
  nowMs = 1_000;

  private constructor(readonly root: TemporaryRoot) {}

  static async create(): Promise<Rig> {
    return new Rig(await TemporaryRoot.create());
  }

  async vault(): Promise<SecretVault> {
    const now = () => this.nowMs;
    const vault = await SecretVault.load({
      backend: await LocalSecretBackend.open({
        folder: this.root.join("values"),
        key: new Uint8Array(32),
        now,
      }),
      store: this.store,
      audit: new AuditLog(this.store, generateEd25519().signer, now),
      now,
      logger: getLogger("test"),
    });
    vault.onChange((paths) => this.changes.push([...paths]));
    return vault;
  }

  async acts(): Promise<string[]> {
    const records = await this.store.audit.list({ limit: 1000 });
    return records.map(({ action }) => action).reverse();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.root[Symbol.asyncDispose]();
  }
}

function value<T>(answer: ServiceAnswer<T>): T {
  if (!answer.ok) throw new assert.AssertionError({ message: answer.message });
  return answer.value;
}

function refusal(answer: ServiceAnswer<unknown>): { status: number; message: string } {
  if (answer.ok) throw new assert.AssertionError({ message: "it was done" });
  return answer;
}

async function reveal(vault: SecretVault, path: string): Promise<string> {
  return value(await vault.reveal(path, ROOT)).value.reveal();
}

Deno.test("every act is audited by path and version, and a look is not", async () => {
  await using rig = await Rig.create();
  const vault = await rig.vault();
  value(await vault.set("a", { value: new Secret("hunter2") }, ROOT));
  value(await vault.show("a"));
  assert.equal((await vault.list()).secrets.length, 1);
  assert.equal(await reveal(vault, "a"), "hunter2");
  value(await vault.delete("a", ROOT));
  assert.deepEqual(await rig.acts(), ["secret.set", "secret.reveal", "secret.delete"]);
  const records = await rig.store.audit.list({ limit: 10 });
  assert.doesNotMatch(JSON.stringify(records), /hunter2/);
  assert.deepEqual(rig.changes, [["a"], ["a"]]);
});

Deno.test("what is made up is as long as asked, of the alphabet asked for, and never the same", async () => {
  await using rig = await Rig.create();
  const vault = await rig.vault();
  value(await vault.set("plain", { recipe: {} }, ROOT));
  assert.match(await reveal(vault, "plain"), /^[A-Za-z0-9]{32}$/);
  const seen = new Set<string>();
  value(await vault.set("pin", { recipe: { length: 20, alphabet: "0123456789" } }, ROOT));
  for (let turn = 0; turn < 5; turn += 1) {
    const text = await reveal(vault, "pin");
    assert.match(text, /^[0-9]{20}$/);
    seen.add(text);
    value(await vault.rotate("pin", undefined, ROOT));
  }
  assert.equal(seen.size, 5);
});

Deno.test("a value that somebody chose is rotated only when a recipe is given, and from then on by it", async () => {
  await using rig = await Rig.create();
  const vault = await rig.vault();
  value(await vault.set("key", { value: new Secret("chosen") }, ROOT));
  const { status, message } = refusal(await vault.rotate("key", undefined, ROOT));
  assert.equal(status, 409);
  assert.match(message, /vigocli secrets set key.*--generate/);
  assert.equal(await reveal(vault, "key"), "chosen");
  value(await vault.rotate("key", { length: 24 }, ROOT));
  assert.match(await reveal(vault, "key"), /^[A-Za-z0-9]{24}$/);
  value(await vault.rotate("key", undefined, ROOT));
  assert.match(await reveal(vault, "key"), /^[A-Za-z0-9]{24}$/);
  value(await vault.set("key", { value: new Secret("chosen again") }, ROOT));
  assert.equal(refusal(await vault.rotate("key", undefined, ROOT)).status, 409);
});

Deno.test("rotating all renews what was made up, keeps what was chosen, and tells it once", async () => {
  await using rig = await Rig.create();
  const vault = await rig.vault();
  value(await vault.set("chosen", { value: new Secret("chosen") }, ROOT));
  for (const path of ["one", "two"]) value(await vault.set(path, { recipe: {} }, ROOT));
  const before = [await reveal(vault, "one"), await reveal(vault, "two")];
  rig.changes.length = 0;
  const { rotated, kept } = value(await vault.rotateAll(ROOT));
  assert.deepEqual(rotated.map(({ path, version }) => [path, version]), [["one", 2], ["two", 2]]);
  assert.deepEqual(kept.map(({ path }) => path), ["chosen"]);
  assert.deepEqual(rig.changes, [["one", "two"]]);
  assert.notEqual(await reveal(vault, "one"), before[0]);
  assert.notEqual(await reveal(vault, "two"), before[1]);
});

Deno.test("what is not there is named, and nothing is recorded or told of it", async () => {
  await using rig = await Rig.create();
  const vault = await rig.vault();
  for (
    const answer of [
      await vault.show("a"),
      await vault.reveal("a", ROOT),
      await vault.delete("a", ROOT),
      await vault.rotate("a", undefined, ROOT),
    ]
  ) assert.equal(refusal(answer).status, 404);
  refusal(await vault.set("a", { value: new Secret("") }, ROOT));
  assert.deepEqual([await rig.acts(), rig.changes, vault.epoch], [[], [], 0]);
});

Deno.test("a change that fails is recorded as failed, and agents are told to resolve all the same", async () => {
  await using rig = await Rig.create();
  const vault = await rig.vault();
  value(await vault.set("a", { value: new Secret("old") }, ROOT));
  const { epoch } = vault;
  // As if the disk were gone.
  await Deno.remove(rig.root.join("values"), { recursive: true });
  await assert.rejects(vault.set("a", { value: new Secret("new") }, ROOT));
  assert.deepEqual(await rig.acts(), ["secret.set", "secret.set", "secret.set_failed"]);
  assert.ok(vault.epoch > epoch);
});

Deno.test("the epoch rises though the clock stands still or steps back, and after a crash in the middle of a change", async () => {
  await using rig = await Rig.create();
  const vault = await rig.vault();
  value(await vault.set("a", { value: new Secret("one") }, ROOT));
  const first = vault.epoch;
  value(await vault.set("a", { value: new Secret("two") }, ROOT));
  assert.equal(vault.epoch, first + 1);
  rig.nowMs = 1;
  value(await vault.set("a", { value: new Secret("three") }, ROOT));
  assert.equal(vault.epoch, first + 2);
  // Durable, and the process ends before the file is written.
  await rig.store.facts.set("secret_epoch", String(first + 3));
  assert.equal((await rig.vault()).epoch, first + 3);
});

Deno.test("a damaged secret says so, and can be deleted or set again", async () => {
  await using rig = await Rig.create();
  const vault = await rig.vault();
  for (const path of ["a", "b"]) value(await vault.set(path, { value: new Secret("x") }, ROOT));
  for await (const { name } of Deno.readDir(rig.root.join("values"))) {
    await Deno.writeTextFile(rig.root.join("values", name), "{");
  }
  assert.deepEqual(await vault.missing(["c", "a", "d"]), ["c", "d"]);
  assert.match(refusal(await vault.show("a")).message, /malformed/);
  assert.match(refusal(await vault.reveal("a", ROOT)).message, /malformed/);
  value(await vault.delete("a", ROOT));
  value(await vault.set("b", { value: new Secret("again") }, ROOT));
  assert.equal(await reveal(vault, "b"), "again");
});

Deno.test("a path that is nearly one that is kept is told which was probably meant", async () => {
  await using rig = await Rig.create();
  const vault = await rig.vault();
  value(await vault.set("db/password", { value: new Secret("hunter2") }, ROOT));
  for (const answer of [await vault.show("db/pasword"), await vault.reveal("db/pasword", ROOT)]) {
    assert.equal(
      refusal(answer).message,
      'There is no secret "db/pasword". Did you mean "db/password"?',
    );
  }
  assert.match(refusal(await vault.show("x")).message, /List them with: vigocli secrets list$/);
});
