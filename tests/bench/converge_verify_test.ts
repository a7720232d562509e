import assert from "node:assert/strict";
import { join } from "node:path";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { makeConvergeSet } from "./converge_set.ts";
import { verifySet } from "./converge_verify.ts";

const set = makeConvergeSet(10, "root");

async function bringAbout(root: string): Promise<void> {
  for (const resource of set.resources) {
    const at = join(root, resource.path);
    if (resource.kind === "folder") await Deno.mkdir(at);
    else if (resource.kind === "file") await Deno.writeTextFile(at, resource.content);
    else if (resource.kind === "symlink") await Deno.symlink(resource.target, at);
    else await Deno.copyFile(join(root, resource.from), at);
    if ("mode" in resource) await Deno.chmod(at, Number.parseInt(resource.mode, 8));
  }
}

Deno.test("verification sees that something was written again", async () => {
  await using root = await TemporaryRoot.create("vigo-converge-");
  await bringAbout(root.path);
  const before = await verifySet(set, root.path);
  assert.equal(await verifySet(set, root.path), before);
  for (const name of ["part-0.conf", "initial.conf", "active.conf"]) {
    const stamp = await verifySet(set, root.path);
    const at = root.join("app-0", name);
    await Deno.rename(at, `${at}.old`);
    await Deno.copyFile(`${at}.old`, at);
    assert.notEqual(await verifySet(set, root.path), stamp, name);
  }
});

Deno.test("verification names what differs from the set", async () => {
  await using root = await TemporaryRoot.create("vigo-converge-");
  await bringAbout(root.path);
  const file = root.join("app-0/part-0.conf");
  await Deno.chmod(file, 0o777);
  await assert.rejects(verifySet(set, root.path), /part-0.conf has mode 0777, not 0644/);
  await Deno.chmod(file, 0o644);
  const copy = root.join("app-0/active.conf");
  await Deno.writeTextFile(copy, "something else");
  await assert.rejects(verifySet(set, root.path), /active.conf has other content/);
  await Deno.copyFile(file, copy);
  const link = root.join("app-0/current.conf");
  await Deno.remove(link);
  await Deno.symlink("part-1.conf", link);
  await assert.rejects(verifySet(set, root.path), /current.conf points to part-1.conf/);
  await Deno.remove(link);
  await Deno.copyFile(file, link);
  await assert.rejects(verifySet(set, root.path), /current.conf is a file, not a symlink/);
});
