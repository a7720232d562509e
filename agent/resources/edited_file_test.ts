import assert from "node:assert/strict";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { FaultyFiles } from "../system/faulty_files.ts";
import { FileError } from "../system/file_error.ts";
import type { Entry } from "../system/files.ts";
import { LocalFiles } from "../system/local_files.ts";
import { applyEdit, checkEdit, MAX_EDITED_BYTES } from "./edited_file.ts";
import { fileLine } from "./file_line.ts";

const appending = (text: string) => ({ ok: true, text: `${text}x\n` } as const);

Deno.test("an edit keeps mode, owner and byte order mark, and a snapshot of what was there", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("config"), kept: string[] = [];
  await Deno.writeTextFile(path, "\uFEFFa\n");
  await Deno.chmod(path, 0o640);
  if (Deno.uid() === 0) await Deno.chown(path, 1234, 4321);
  const { uid, gid } = await Deno.lstat(path);
  const snapshots = {
    keep: async (path: string) => void kept.push(await Deno.readTextFile(path)),
  };
  assert.equal(await applyEdit({ path }, appending, machine.context({ snapshots })), "updated");
  const found = await Deno.lstat(path);
  assert.deepEqual([(found.mode ?? 0) & 0o777, found.uid, found.gid], [0o640, uid, gid]);
  assert.deepEqual(await Deno.readFile(path), new TextEncoder().encode("\uFEFFa\nx\n"));
  assert.equal(kept.length, 1);
});

Deno.test("an edit that its validation refuses is never put in place", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("config");
  await Deno.writeTextFile(path, "good\n");
  const params = { path, validate: "! grep -q x %" };
  await assert.rejects(applyEdit(params, appending, machine.context()), /was refused/);
  assert.equal(await Deno.readTextFile(path), "good\n");
  assert.deepEqual((await machine.files.list(machine.root.path)).filter((n) => /tmp/.test(n)), []);
});

Deno.test(
  "a file that somebody put into a folder for all is not edited for them",
  { ignore: Deno.uid() !== 0 },
  async () => {
    await using machine = await TemporaryMachine.create();
    const folder = machine.root.join("shared"), path = `${folder}/config`;
    await Deno.mkdir(folder);
    await Deno.writeTextFile(path, "a\n");
    await Deno.chown(path, 1234, 4321);
    await Deno.chmod(folder, 0o1777);
    const finding = await checkEdit({ path }, appending, machine.context());
    assert.match(JSON.stringify(finding), /"unknown".*belongs to uid 1234, who may have put/);
    await assert.rejects(applyEdit({ path }, appending, machine.context()), /change the owner/);
    await Deno.chmod(folder, 0o775);
    assert.equal(await applyEdit({ path }, appending, machine.context()), "updated");
  },
);

Deno.test(
  "what takes the place of a file while it is edited keeps its own owner and mode",
  { ignore: Deno.uid() !== 0 },
  async () => {
    await using machine = await TemporaryMachine.create();
    const { root } = machine;
    const path = root.join("config"), precious = root.join("precious");
    await Deno.writeTextFile(path, "a\n", { mode: 0o644 });
    await Deno.chown(path, 1234, 4321);
    await Deno.writeTextFile(precious, "secret\n", { mode: 0o600 });
    class SwappedMeanwhile extends FaultyFiles {
      override async inspect(at: string): Promise<Entry | undefined> {
        const found = await super.inspect(at);
        if (at === path) await Deno.rename(precious, path).catch(() => {});
        return found;
      }
    }
    const files = new SwappedMeanwhile(new LocalFiles());
    await applyEdit({ path }, appending, machine.context({ files }));
    const { uid, gid, mode } = await Deno.lstat(path);
    assert.equal(await Deno.readTextFile(path), "secret\nx\n");
    assert.deepEqual([uid, gid, (mode ?? 0) & 0o777], [0, 0, 0o600]);
  },
);

Deno.test("a full disk leaves the old text, and is told as such", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("config");
  await Deno.writeTextFile(path, "old\n");
  machine.files.fail("writeFile", "ENOSPC");
  await assert.rejects(
    applyEdit({ path }, appending, machine.context()),
    (error) => error instanceof FileError && error.code === "ENOSPC",
  );
  assert.equal(await Deno.readTextFile(path), "old\n");
});

Deno.test("a planted link is neither followed nor replaced", async () => {
  await using machine = await TemporaryMachine.create();
  const victim = machine.root.join("victim"), path = machine.root.join("config");
  await Deno.writeTextFile(victim, "precious\n");
  await Deno.symlink(victim, path);
  const finding = await checkEdit({ path }, appending, machine.context());
  assert.match(JSON.stringify(finding), /"unknown".*symbolic link, not a file/);
  await assert.rejects(applyEdit({ path }, appending, machine.context()), /symbolic link/);
  assert.equal(await Deno.readTextFile(victim), "precious\n");
});

Deno.test("a file that is too large to be a configuration is not read", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("data");
  await Deno.writeTextFile(path, "");
  await Deno.truncate(path, MAX_EDITED_BYTES + 1);
  machine.files.fail("read", "EIO");
  const finding = await checkEdit({ path }, appending, machine.context());
  assert.match(JSON.stringify(finding), /"unknown".*has more than/);
});

Deno.test("what is to be absent from a missing file is absent", async () => {
  await using machine = await TemporaryMachine.create();
  const params = { path: machine.root.join("no/such/file"), ensure: "absent", line: "x" };
  const finding = await fileLine.check(fileLine.schema.parse(params), machine.context());
  assert.deepEqual(finding, { kind: "in_sync" });
});

Deno.test("a file below a folder that is missing cannot be made, and that is known before", async () => {
  await using machine = await TemporaryMachine.create();
  const params = { path: machine.root.join("no/such/file"), line: "x", create: true };
  const finding = await fileLine.check(fileLine.schema.parse(params), machine.context());
  assert.match(JSON.stringify(finding), /there is no folder .*\/no\/such/);
});
