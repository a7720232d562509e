import assert from "node:assert/strict";
import { Secret } from "../../shared/crypto/secret.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { verifyNameClaim } from "../../shared/puddle/name_claim.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { CHEAP_COST } from "./cheap_cost.ts";
import {
  readNameClaim,
  readPublicKey,
  readPuddle,
  readRetired,
  readWrapped,
} from "./puddle_home.ts";
import {
  claimName,
  createIdentity,
  openIdentity,
  PuddlePresentError,
  rekey,
  removeIdentity,
  rotatePassphrase,
  settleIdentity,
} from "./puddle_identity.ts";
import { puddlePaths } from "./puddle_paths.ts";
import { PuddleAbsentError } from "./puddle_session.ts";
import { loadSeed } from "./seed_signer.ts";
import { WrongPassphraseError } from "./wrap_identity.ts";

const passphrase = new Secret("correct horse");
const heads = [{ topicId: sha256Hex("topic"), seq: 3, msgId: sha256Hex("message") }];
const readHeads = () => Promise.resolve(heads);

async function withHome(
  test: (home: string, key: string) => Promise<void>,
): Promise<void> {
  await using root = await TemporaryRoot.create();
  const key = await createIdentity(root.path, passphrase, CHEAP_COST);
  await test(root.path, key);
}

async function modeOf(path: string): Promise<string> {
  return (((await Deno.lstat(path)).mode ?? 0) & 0o777).toString(8);
}

Deno.test("a new identity has exactly its files, each with its mode", () =>
  withHome(async (home, key) => {
    const paths = puddlePaths(home);
    const names = (await Array.fromAsync(Deno.readDir(paths.folder))).map(({ name }) => name)
      .sort();
    assert.deepEqual(names, ["identity.pub", "identity.salt", "identity.wrapped", "retired"]);
    assert.equal(await modeOf(paths.folder), "700");
    assert.equal(await modeOf(paths.retired), "700");
    assert.equal(await modeOf(paths.wrapped), "600");
    assert.equal(await modeOf(paths.salt), "600");
    assert.equal(await modeOf(paths.publicKey), "644");
    assert.equal((await Deno.stat(paths.salt)).size, 16);
    assert.equal(await Deno.readTextFile(paths.publicKey), `${key}\n`);
    const seed = await openIdentity(home, passphrase);
    assert.equal(loadSeed(seed).publicKey.toHex(), key);
  }));

Deno.test("an identity is never overwritten", () =>
  withHome(async (home, key) => {
    const again = createIdentity(home, new Secret("another"), CHEAP_COST);
    await assert.rejects(again, PuddlePresentError);
    assert.equal(await readPublicKey(home), key);
  }));

Deno.test("nothing is opened with a wrong passphrase, or without an identity", async () => {
  await withHome((home) =>
    assert.rejects(openIdentity(home, new Secret("wrong")), WrongPassphraseError)
  );
  await using empty = await TemporaryRoot.create();
  await assert.rejects(openIdentity(empty.path, passphrase), PuddleAbsentError);
});

Deno.test("another passphrase takes the place of the one before, and the key stays", () =>
  withHome(async (home, key) => {
    const next = new Secret("battery staple");
    await rotatePassphrase(home, { present: passphrase, next, cost: CHEAP_COST });
    await assert.rejects(openIdentity(home, passphrase), WrongPassphraseError);
    assert.equal(loadSeed(await openIdentity(home, next)).publicKey.toHex(), key);
  }));

Deno.test("a change of the key leaves a delegation by the old one that lists the heads of all topics", () =>
  withHome(async (home, oldKey) => {
    const changed = await rekey(home, passphrase, { readHeads, nowMs: 5, cost: CHEAP_COST });
    assert.equal(changed.oldKey, oldKey);
    assert.equal(await readPublicKey(home), changed.newKey);
    const [delegation] = await readRetired(home);
    assert.deepEqual(delegation?.heads, heads);
    assert.equal(delegation?.newKey, changed.newKey);
    const puddle = await readPuddle(home);
    assert.deepEqual(puddle?.foundingKeys, [oldKey, changed.newKey]);
    assert.equal(loadSeed(await openIdentity(home, passphrase)).publicKey.toHex(), changed.newKey);
  }));

Deno.test("the name goes with the key", () =>
  withHome(async (home) => {
    await claimName(home, passphrase, { name: "mara", nowMs: 9 });
    const { newKey } = await rekey(home, passphrase, { readHeads, nowMs: 5, cost: CHEAP_COST });
    const claim = await readNameClaim(home);
    assert.equal(claim?.publicKey, newKey);
    assert.equal(claim?.name, "mara");
    assert.ok(claim && verifyNameClaim(claim));
  }));

Deno.test("a later claim outranks the one before, also when the clock was set back", () =>
  withHome(async (home) => {
    const first = await claimName(home, passphrase, { name: "mara", nowMs: 9 });
    const second = await claimName(home, passphrase, { name: "mary", nowMs: 2 });
    assert.ok(second.claimedAtMs > first.claimedAtMs);
  }));

Deno.test("a key is changed eight times and no more", () =>
  withHome(async (home) => {
    const options = { readHeads: () => Promise.resolve([]), nowMs: 1, cost: CHEAP_COST };
    for (let times = 0; times < 8; times += 1) await rekey(home, passphrase, options);
    await assert.rejects(rekey(home, passphrase, options), /changed 8 times/);
    assert.equal((await readPuddle(home))?.foundingKeys.length, 9);
  }));

Deno.test("a change of the key that a crash cut short before the delegation never happened", () =>
  withHome(async (home, key) => {
    const paths = puddlePaths(home);
    await using other = await TemporaryRoot.create();
    await createIdentity(other.path, passphrase, CHEAP_COST);
    await Deno.copyFile(puddlePaths(other.path).wrapped, paths.wrappedNext);
    await Deno.chmod(paths.wrappedNext, 0o600);
    await settleIdentity(home);
    assert.equal(await readPublicKey(home), key);
    await assert.rejects(Deno.lstat(paths.wrappedNext), Deno.errors.NotFound);
  }));

Deno.test("a change of the key that a crash cut short after the delegation is finished", () =>
  withHome(async (home) => {
    const paths = puddlePaths(home);
    const before = await Deno.readFile(paths.wrapped);
    const { oldKey, newKey } = await rekey(home, passphrase, {
      readHeads,
      nowMs: 5,
      cost: CHEAP_COST,
    });
    // As it was between the delegation and the rename.
    await Deno.rename(paths.wrapped, paths.wrappedNext);
    await Deno.writeFile(paths.wrapped, before, { mode: 0o600 });
    await Deno.writeTextFile(paths.publicKey, `${oldKey}\n`);
    assert.equal(loadSeed(await openIdentity(home, passphrase)).publicKey.toHex(), newKey);
    assert.equal(await readPublicKey(home), newKey);
  }));

Deno.test("a public key that is missing or damaged is restored from the wrapped identity", () =>
  withHome(async (home, key) => {
    const paths = puddlePaths(home);
    for (const damage of ["", "half a ke", undefined]) {
      if (damage === undefined) await Deno.remove(paths.publicKey);
      else await Deno.writeTextFile(paths.publicKey, damage);
      await settleIdentity(home);
      assert.equal(await readPublicKey(home), key);
    }
  }));

Deno.test("a wrapped file that was cut or altered is told as that, and nothing is lost", () =>
  withHome(async (home) => {
    const { wrapped } = puddlePaths(home);
    const text = await Deno.readTextFile(wrapped);
    for (const damaged of ["", text.slice(0, 100), "{}", text.replace("argon2id", "scrypt")]) {
      await Deno.writeTextFile(wrapped, damaged);
      await assert.rejects(openIdentity(home, passphrase), /cut or damaged/);
      assert.equal(await Deno.readTextFile(wrapped), damaged);
    }
    await Deno.writeTextFile(wrapped, text);
    await openIdentity(home, passphrase);
  }));

Deno.test("a missing or altered salt is told", () =>
  withHome(async (home) => {
    const { salt } = puddlePaths(home);
    await Deno.writeFile(salt, new Uint8Array(16));
    await assert.rejects(openIdentity(home, passphrase), WrongPassphraseError);
    await Deno.writeFile(salt, new Uint8Array(7));
    await assert.rejects(openIdentity(home, passphrase), /identity\.salt/);
    await Deno.remove(salt);
    await assert.rejects(openIdentity(home, passphrase), /identity\.salt/);
  }));

Deno.test("links, second names, huge files, pipes and open modes in a home are refused", () =>
  withHome(async (home) => {
    const { wrapped, folder } = puddlePaths(home);
    const kept = `${home}/kept`;
    await Deno.rename(wrapped, kept);
    const plants: readonly [plant: () => Promise<unknown>, reason: RegExp][] = [
      [() => Deno.symlink(kept, wrapped), /symbolic link/],
      [() => Deno.link(kept, wrapped), /another name/],
      [() => Deno.writeFile(wrapped, new Uint8Array(1_000_000), { mode: 0o600 }), /1000000 bytes/],
      [() => new Deno.Command("mkfifo", { args: ["-m", "600", wrapped] }).output(), /not a file/],
      [() => Deno.writeTextFile(wrapped, "{}", { mode: 0o644 }), /chmod 0600/],
      [() => Deno.mkdir(wrapped), /not a file/],
    ];
    for (const [plant, reason] of plants) {
      await plant();
      await assert.rejects(openIdentity(home, passphrase), reason);
      await Deno.remove(wrapped);
    }
    await Deno.chmod(folder, 0o755);
    await assert.rejects(readPublicKey(home), /chmod 0700/);
    await Deno.chmod(folder, 0o700);
    await Deno.rename(folder, `${home}/elsewhere`);
    await Deno.symlink(`${home}/elsewhere`, folder);
    await assert.rejects(readPublicKey(home), /not a folder/);
  }));

Deno.test({
  name: "a home or a file of another user is refused",
  ignore: Deno.uid() !== 0,
  fn: () =>
    withHome(async (home) => {
      const { wrapped, folder } = puddlePaths(home);
      await Deno.chown(wrapped, 65_534, 65_534);
      await assert.rejects(openIdentity(home, passphrase), /belongs to the user with the number/);
      await Deno.chown(folder, 65_534, 65_534);
      await assert.rejects(readWrapped(home), /belongs to the user with the number/);
    }),
});

Deno.test("removing an identity leaves nothing, and what a link leads to stays", () =>
  withHome(async (home) => {
    assert.equal(await removeIdentity(home), true);
    assert.equal(await removeIdentity(home), false);
    await Deno.mkdir(`${home}/mine`);
    await Deno.writeTextFile(`${home}/mine/letter`, "");
    await Deno.symlink(`${home}/mine`, puddlePaths(home).folder);
    assert.equal(await removeIdentity(home), true);
    await Deno.stat(`${home}/mine/letter`);
  }));

Deno.test("a damaged delegation is refused, not skipped", () =>
  withHome(async (home) => {
    const { oldKey } = await rekey(home, passphrase, { readHeads, nowMs: 5, cost: CHEAP_COST });
    const path = `${puddlePaths(home).retired}/${oldKey}.json`;
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, text.replace('"issuedAtMs":5', '"issuedAtMs":6'));
    await assert.rejects(readRetired(home), /damaged/);
  }));
