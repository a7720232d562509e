import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { TemporaryRoot } from "../support/temporary_root.ts";
import {
  FILE_COUNT,
  makeFileSet,
  toBundleResources,
  toConfigcrates,
  toPuppetManifest,
  verifyFiles,
} from "./converge_files.ts";

const set = makeFileSet("root");

Deno.test("the set has 200 different files between 200 bytes and 4 KiB", () => {
  assert.equal(set.files.length, FILE_COUNT);
  assert.equal(new Set(set.files.map(({ path }) => path)).size, FILE_COUNT);
  assert.equal(new Set(set.files.map(({ content }) => content)).size, FILE_COUNT);
  for (const { content } of set.files) {
    assert.ok(content.length >= 200 && content.length <= 4096, `${content.length}`);
  }
});

Deno.test("a resource of the bundle stands after the folder that holds it", () => {
  const seen = new Set<string>();
  for (const { id, dependsOn } of toBundleResources(set, "/srv/x")) {
    for (const dependency of dependsOn) assert.ok(seen.has(dependency), `${id}: ${dependency}`);
    seen.add(id);
  }
  assert.equal(seen.size, set.files.length + set.folders.length);
});

Deno.test("configcrates and bundle say the same of every file", () => {
  const resources = [...toConfigcrates(set, "/srv/x").values()].flatMap((text) =>
    parse(text).resources
  );
  const written = resources.flatMap((resource: Record<string, unknown>) =>
    typeof resource.file === "string" ? [[resource.file, resource.content, resource.mode]] : []
  );
  const sent = toBundleResources(set, "/srv/x").filter(({ type }) => type === "file")
    .map(({ params }) => [params.path, params.content, params.mode]);
  assert.deepEqual(written, sent);
});

Deno.test("a quoted text of the manifest reads back as the content", () => {
  const manifest = toPuppetManifest(set, "/srv/x");
  const texts = [...manifest.matchAll(/content => '((?:\\.|[^\\'])*)'/gs)].map(([, quoted]) =>
    quoted?.replaceAll(/\\([\\'])/g, "$1")
  );
  assert.deepEqual(texts, set.files.map(({ content }) => content));
});

Deno.test("verification sees other content, another mode and a file written again", async () => {
  await using root = await TemporaryRoot.create("vigo-converge-");
  for (const { path, content, mode } of set.files) {
    const at = root.join(path);
    await Deno.mkdir(dirname(at), { recursive: true });
    await Deno.writeTextFile(at, content);
    await Deno.chmod(at, Number.parseInt(mode, 8));
  }
  const before = await verifyFiles(set, root.path);
  assert.equal(await verifyFiles(set, root.path), before);
  const [first] = set.files;
  assert.ok(first !== undefined);
  const at = join(root.path, first.path);
  await Deno.rename(at, `${at}.old`);
  await Deno.copyFile(`${at}.old`, at);
  assert.notEqual(await verifyFiles(set, root.path), before);
  await Deno.chmod(at, 0o777);
  await assert.rejects(verifyFiles(set, root.path), /has mode 0777, not 0644/);
  await Deno.chmod(at, 0o644);
  await Deno.writeTextFile(at, "something else");
  await assert.rejects(verifyFiles(set, root.path), /has other content/);
});
