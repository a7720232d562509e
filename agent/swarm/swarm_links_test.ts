import assert from "node:assert/strict";
import { join } from "node:path";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { reconcileLinks } from "./swarm_links.ts";

const first = sha256Hex("first"), second = sha256Hex("second");

/** A swarm folder below an outer one, which nothing may reach. */
async function makeFolder(root: TemporaryRoot): Promise<string> {
  const folder = root.join("swarm");
  for (const name of ["files", ".blobs", "seed"]) {
    await Deno.mkdir(join(folder, name), { recursive: true });
  }
  return folder;
}

/** Every name below a folder, with what it links to. */
async function listing(folder: string, at = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isSymlink, isDirectory } of Deno.readDir(join(folder, at))) {
    const path = join(at, name);
    if (isDirectory) Object.assign(found, await listing(folder, path));
    else found[path] = isSymlink ? await Deno.readLink(join(folder, path)) : "a file";
  }
  return found;
}

Deno.test("the links asked for stand, and those of before are gone and counted", async () => {
  await using root = await TemporaryRoot.create();
  const folder = await makeFolder(root);
  const before = { files: { "old.bin": first, "tool.bin": first }, seeds: { [first]: "a.bin" } };
  assert.equal(await reconcileLinks(folder, before), 0);
  const after = { files: { "tool.bin": second }, seeds: {} };
  assert.equal(await reconcileLinks(folder, after), 2);
  assert.deepEqual(await listing(root.path), {
    "swarm/files/tool.bin": `../.blobs/${second}`,
  });
});

Deno.test("what a person or a download put there stays", async () => {
  await using root = await TemporaryRoot.create();
  const folder = await makeFolder(root);
  await Deno.writeTextFile(join(folder, "files", "tool.bin"), "mine");
  await Deno.writeTextFile(join(folder, ".blobs", first), "received");
  await reconcileLinks(folder, { files: { "tool.bin": first }, seeds: { [first]: "a.bin" } });
  await reconcileLinks(folder, { files: {}, seeds: {} });
  assert.deepEqual(await listing(root.path), {
    "swarm/files/tool.bin": "a file",
    [`swarm/.blobs/${first}`]: "a file",
  });
});

const HOSTILE_NAMES = [
  "../escaped",
  "..",
  ".",
  "",
  "a/b",
  "/tmp/escaped",
  ".hidden",
  "a\nb",
  "a\0b",
];
const HOSTILE_HASHES = [
  "../../etc/shadow",
  "..",
  "",
  `${first}/..`,
  first.toUpperCase(),
  `${first}\n`,
];

Deno.test("an engine that was taken over cannot name a link outside, nor hide one", async () => {
  await using root = await TemporaryRoot.create();
  const folder = await makeFolder(root);
  for (const name of HOSTILE_NAMES) {
    await reconcileLinks(folder, { files: { [name]: first }, seeds: {} });
    assert.deepEqual(await listing(root.path), {}, JSON.stringify(name));
  }
  for (const sha256 of HOSTILE_HASHES) {
    await reconcileLinks(folder, { files: {}, seeds: { [sha256]: "a.bin" } });
    assert.deepEqual(await listing(root.path), {}, JSON.stringify(sha256));
  }
});

Deno.test("an engine that was taken over cannot lead a link outside", async () => {
  await using root = await TemporaryRoot.create();
  const folder = await makeFolder(root);
  for (const sha256 of HOSTILE_HASHES) {
    await reconcileLinks(folder, { files: { "tool.bin": sha256 }, seeds: {} });
    assert.deepEqual(await listing(root.path), {}, JSON.stringify(sha256));
  }
  for (const name of HOSTILE_NAMES) {
    await reconcileLinks(folder, { files: {}, seeds: { [first]: name } });
    assert.deepEqual(await listing(root.path), {}, JSON.stringify(name));
  }
});
