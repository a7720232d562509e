import assert from "node:assert/strict";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { FileError } from "../system/file_error.ts";
import { FaultyFiles } from "../system/faulty_files.ts";
import type { NewFile } from "../system/files.ts";
import { LocalFiles } from "../system/local_files.ts";
import { LocalProcesses } from "../system/local_processes.ts";
import type { Program, ProgramResult } from "../system/processes.ts";
import { file } from "./file.ts";

Deno.test("a planted link is replaced and what it points to is left alone", async () => {
  await using machine = await TemporaryMachine.create();
  const victim = machine.root.join("victim"), path = machine.root.join("motd");
  await Deno.writeTextFile(victim, "precious\n");
  await Deno.symlink(victim, path);
  await file.apply(file.schema.parse({ path, content: "hello\n" }), machine.context());
  assert.equal(await Deno.readTextFile(victim), "precious\n");
  assert.equal((await Deno.lstat(path)).isFile, true);
});

Deno.test("a folder where a file should be is left for a person to decide about", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("etc");
  for (const params of [{ path, content: "" }, { path }, { path, ensure: "absent" }]) {
    const finding = await file.check(file.schema.parse(params), machine.context());
    assert.match(JSON.stringify(finding), /"unknown".*is a folder, not a file/);
  }
});

Deno.test("the diff of a text is unified, that of bytes names sizes and hashes", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("motd");
  await Deno.writeTextFile(path, "one\ntwo\n");
  const params = file.schema.parse({ path, content: "one\n2\n" });
  const finding = await file.check(params, machine.context());
  assert.match(JSON.stringify(finding), /@@ -1,2 \+1,2 @@\\n one\\n-two\\n\+2/);
  await Deno.writeFile(path, new Uint8Array([0, 1, 2]));
  const binary = await file.check(params, machine.context());
  assert.match(JSON.stringify(binary), /3 bytes, sha256 [0-9a-f]{16} → 6 bytes, sha256/);
});

Deno.test("a full disk leaves the old content, and is told as such", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("motd");
  await Deno.writeTextFile(path, "old\n");
  machine.files.fail("writeFile", "ENOSPC");
  const params = file.schema.parse({ path, content: "new\n" });
  await assert.rejects(
    file.apply(params, machine.context()),
    (error) => error instanceof FileError && error.code === "ENOSPC",
  );
  assert.equal(await Deno.readTextFile(path), "old\n");
});

Deno.test("content that its validation refuses is never put in place", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("it's.conf");
  await Deno.writeTextFile(path, "good\n");
  const params = file.schema.parse({ path, content: "bad\n", validate: "grep -q good %" });
  await assert.rejects(file.apply(params, machine.context()), /the new content was refused/);
  assert.equal(await Deno.readTextFile(path), "good\n");
  assert.deepEqual((await machine.files.list(machine.root.path)).filter((n) => /tmp/.test(n)), []);
  const accepted = file.schema.parse({ path, content: "good 100%\n", validate: "grep -q 100%% %" });
  assert.equal(await file.apply(accepted, machine.context()), "updated");
});

Deno.test(
  "whoever renames the folder of a file does not choose what its validation is told",
  { ignore: Deno.build.os !== "linux" },
  async () => {
    await using machine = await TemporaryMachine.create();
    const { root } = machine;
    const folder = root.join("theirs"),
      renamed = root.join(`$(echo run >proof)'; echo run >proof'`);
    await Deno.mkdir(folder);
    class RenamedMeanwhile extends FaultyFiles {
      override writeFile(path: string, file: NewFile): Promise<void> {
        const content = async function* () {
          await Deno.rename(folder, renamed);
          yield new TextEncoder().encode("new\n");
        };
        return super.writeFile(path, { ...file, content: content() });
      }
    }
    const told: string[] = [];
    class Overheard extends LocalProcesses {
      override run(program: Program): Promise<ProgramResult> {
        told.push(program.argv.join(" "));
        return super.run({ ...program, cwd: root.path });
      }
    }
    const validate = "cp % seen";
    const params = file.schema.parse({ path: `${folder}/conf`, content: "new\n", validate });
    const files = new RenamedMeanwhile(new LocalFiles()), processes = new Overheard();
    await file.apply(params, machine.context({ files, processes }));
    assert.equal(await Deno.readTextFile(root.join("seen")), "new\n");
    assert.equal(await Deno.readTextFile(`${renamed}/conf`), "new\n");
    assert.match(told.join(), /-c cp '\/proc\/\d+\/fd\/\d+\/\.vigo-tmp-[0-9a-f]{16}' seen$/);
  },
);

Deno.test("a backup keeps what is overwritten, and a snapshot is taken first", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("motd"), kept: string[] = [];
  await Deno.writeTextFile(path, "old\n");
  const snapshots = {
    keep: async (path: string) => void kept.push(await Deno.readTextFile(path)),
  };
  const params = file.schema.parse({ path, content: "new\n", backup: true });
  await file.apply(params, machine.context({ snapshots }));
  assert.equal(await Deno.readTextFile(`${path}.vigo-backup`), "old\n");
  assert.deepEqual(kept, ["old\n"]);
});

Deno.test("an owner that does not exist is unknown, not wrong", async () => {
  await using machine = await TemporaryMachine.create();
  const params = file.schema.parse({ path: machine.root.join("x"), content: "", owner: "nobody2" });
  assert.deepEqual(await file.check(params, machine.context()), {
    kind: "unknown",
    reason: 'there is no user "nobody2" on this machine',
  });
});

Deno.test({
  name: "the owner of a replaced file stays when none is given",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    await using machine = await TemporaryMachine.create();
    const path = machine.root.join("theirs");
    await Deno.writeTextFile(path, "old\n");
    await Deno.chown(path, 1234, 4321);
    await file.apply(file.schema.parse({ path, content: "new\n" }), machine.context());
    const { uid, gid } = await Deno.lstat(path);
    assert.deepEqual([uid, gid], [1234, 4321]);
  },
});

Deno.test({
  name: "a file that somebody put into a folder of others becomes the agent's, with its group",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    await using machine = await TemporaryMachine.create();
    const folder = machine.root.join("shared"), path = `${folder}/db.conf`;
    const params = file.schema.parse({ path, content: "password=x\n", mode: "0640" });
    const ownerAfter = async (mode: number, [uid, gid]: [number, number], own = params) => {
      await Deno.remove(folder, { recursive: true }).catch(() => {});
      await Deno.mkdir(folder);
      await Deno.chown(folder, uid, gid);
      await Deno.writeTextFile(path, "password=x\n", { mode: 0o600 });
      await Deno.chown(path, 1234, 4321);
      await Deno.chmod(folder, mode);
      await file.apply(own, machine.context());
      assert.deepEqual(await file.check(own, machine.context()), { kind: "in_sync" });
      const found = await Deno.lstat(path);
      return [found.uid, found.gid];
    };
    assert.deepEqual(await ownerAfter(0o1777, [0, 0]), [0, 0]);
    assert.deepEqual(await ownerAfter(0o2775, [0, 4321]), [0, 0]);
    assert.deepEqual(await ownerAfter(0o755, [999, 999]), [0, 0]);
    const theirs = { ...params, owner: 77 }, same = { ...params, owner: 1234 };
    assert.deepEqual(await ownerAfter(0o1777, [0, 0], theirs), [77, 0]);
    assert.deepEqual(await ownerAfter(0o1777, [0, 0], same), [1234, 4321]);
    assert.deepEqual(await ownerAfter(0o755, [0, 0]), [1234, 4321]);
    assert.deepEqual(await ownerAfter(0o775, [1234, 4321]), [1234, 4321]);
    await Deno.chmod(machine.root.path, 0o1777);
    assert.deepEqual(await ownerAfter(0o755, [1234, 4321]), [0, 0], "the folder was put there too");
  },
});

Deno.test({
  name: "a file that changes hands, or loses writers, is one that nobody else has open",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    await using machine = await TemporaryMachine.create();
    const path = machine.root.join("run.sh"), content = "#!/bin/sh\necho fine\n";
    const isTheSame = async (mode: number, wanted: Record<string, unknown>) => {
      await Deno.remove(path).catch(() => {});
      await Deno.writeTextFile(path, content);
      await Deno.chown(path, 1234, 4321);
      await Deno.chmod(path, mode);
      using held = await Deno.open(path, { append: true });
      const params = file.schema.parse({ path, content, backup: true, ...wanted });
      const finding = await file.check(params, machine.context());
      assert.match(JSON.stringify(finding), /"would_change".*run.sh: (owner|group|mode) /);
      assert.equal(await file.apply(params, machine.context()), "updated");
      assert.deepEqual(await file.check(params, machine.context()), { kind: "in_sync" });
      await held.write(new TextEncoder().encode("echo bad\n"));
      return await Deno.readTextFile(path) !== content;
    };
    assert.equal(await isTheSame(0o755, { mode: "0755", owner: 0, group: 0 }), false);
    assert.equal(await isTheSame(0o664, { mode: "0644" }), false);
    assert.equal(await isTheSame(0o666, { mode: "0664" }), false);
    assert.equal(await isTheSame(0o664, { mode: "0664", group: 7 }), false);
    assert.equal(await isTheSame(0o644, { mode: "0600" }), true, "its owner may write to it");
    await assert.rejects(Deno.lstat(`${path}.vigo-backup`), Deno.errors.NotFound);
  },
});

Deno.test("a template that reached the agent is unknown", async () => {
  await using machine = await TemporaryMachine.create();
  const params = file.schema.parse({ path: machine.root.join("x"), source: "templates/x" });
  assert.match(JSON.stringify(await file.check(params, machine.context())), /not rendered/);
});

Deno.test("a file below a folder that is missing names the folder and what to do", async () => {
  await using machine = await TemporaryMachine.create();
  const params = file.schema.parse({ path: machine.root.join("no/such/file"), content: "" });
  await assert.rejects(
    file.apply(params, machine.context()),
    /there is no folder ".*\/no\/such". Add a directory resource/,
  );
});

Deno.test(
  "a folder that may not be written is told as such",
  { ignore: Deno.uid() === 0 },
  async () => {
    await using machine = await TemporaryMachine.create();
    await Deno.mkdir(machine.root.join("closed"), { mode: 0o500 });
    const params = file.schema.parse({ path: machine.root.join("closed/file"), content: "" });
    await assert.rejects(
      file.apply(params, machine.context()),
      /Cannot write .*: permission denied/,
    );
  },
);
