import assert from "node:assert/strict";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { directory } from "./directory.ts";

Deno.test("a folder that holds something is not removed unless forced", async () => {
  await using machine = await TemporaryMachine.create();
  const params = directory.schema.parse({ path: machine.root.join("etc"), ensure: "absent" });
  const finding = await directory.check(params, machine.context());
  assert.match(JSON.stringify(finding), /"unknown".*holds 3 entries; empty it, or set force/);
});

Deno.test("removing a folder never follows the links in it", async () => {
  await using machine = await TemporaryMachine.create();
  await Deno.mkdir(machine.root.join("old"));
  await Deno.symlink(machine.root.join("etc"), machine.root.join("old/link"));
  const params = { path: machine.root.join("old"), ensure: "absent", force: true };
  await directory.apply(directory.schema.parse(params), machine.context());
  assert.equal((await machine.files.list(machine.root.join("etc"))).length, 3);
});

Deno.test("a folder is removed however deep it goes", async () => {
  await using machine = await TemporaryMachine.create();
  const { root } = machine;
  const path = root.join("cache");
  await Deno.mkdir(path);
  deepen(path, root.join("next"), 20_000);
  await Deno.writeTextFile(`${path}/d/d/file`, "");
  const params = directory.schema.parse({ path, ensure: "absent", force: true });
  assert.equal(await directory.apply(params, machine.context()), "deleted");
  assert.equal(await machine.files.inspect(path), undefined);
});

Deno.test("a file where a folder should be is left for a person to decide about", async () => {
  await using machine = await TemporaryMachine.create();
  const params = directory.schema.parse({ path: machine.root.join("etc/passwd") });
  const finding = await directory.check(params, machine.context());
  assert.match(JSON.stringify(finding), /"unknown".*is a file, not a folder/);
});

Deno.test("a mode that is not given is left as it is", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("tmp");
  await Deno.mkdir(path);
  await Deno.chmod(path, 0o1777);
  const finding = await directory.check(directory.schema.parse({ path }), machine.context());
  assert.deepEqual(finding, { kind: "in_sync" });
});

Deno.test("folders above are made only when asked for", async () => {
  await using machine = await TemporaryMachine.create();
  const params = directory.schema.parse({ path: machine.root.join("a/b") });
  await assert.rejects(directory.apply(params, machine.context()), /no such file or folder/);
});

Deno.test("a new folder has its owner from the start, not once somebody could have swapped it", async () => {
  await using machine = await TemporaryMachine.create();
  const { root, files, self } = machine;
  files.fail("setAttributes", "EIO");
  const uid = Deno.uid() === 0 ? 1234 : self.uid;
  const params = directory.schema.parse({ path: root.join("app"), owner: uid, mode: "2750" });
  assert.equal(await directory.apply(params, machine.context()), "created");
  assert.deepEqual(await directory.check(params, machine.context()), { kind: "in_sync" });
});

/** Each level goes around the ones before: no path is as long as the tree is deep. */
function deepen(path: string, next: string, levels: number): void {
  for (let level = 0; level < levels; level++) {
    Deno.mkdirSync(next);
    Deno.renameSync(path, `${next}/d`);
    Deno.renameSync(next, path);
  }
}
