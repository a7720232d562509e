import assert from "node:assert/strict";
import { basename } from "node:path";
import { geteuid } from "node:process";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { FileError } from "./file_error.ts";
import { LocalFiles } from "./local_files.ts";

const files = new LocalFiles();
const isRoot = geteuid?.() === 0;
const SELF = { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };

function write(path: string, text: string, approve?: (path: string) => Promise<void>) {
  const content = new TextEncoder().encode(text);
  return files.writeFile(path, {
    content,
    mode: 0o640,
    ...SELF,
    ...(approve === undefined ? {} : { approve }),
  });
}

Deno.test("what is at a path is told with its attributes, links unfollowed", async () => {
  await using root = await TemporaryRoot.create();
  await write(root.join("file"), "12345");
  await Deno.symlink("file", root.join("link"));
  const found = await files.inspect(root.join("file"));
  assert.deepEqual([found?.kind, found?.mode, found?.uid], ["file", 0o640, SELF.uid]);
  assert.equal(found?.kind === "file" && found.sizeBytes, 5);
  const link = await files.inspect(root.join("link"));
  assert.equal(link?.kind === "symlink" && link.target, "file");
  assert.equal((await files.inspect(root.path))?.kind, "directory");
  assert.equal((await files.inspect("/"))?.kind, "directory");
});

Deno.test("nothing at a path, or nothing above it, is no entry; a file above it is an error", async () => {
  await using root = await TemporaryRoot.create();
  assert.equal(await files.inspect(root.join("missing")), undefined);
  assert.equal(await files.inspect(root.join("missing/too")), undefined);
  await write(root.join("file"), "");
  await assert.rejects(
    files.inspect(root.join("file/below")),
    (error) => error instanceof FileError && error.code === "ENOTDIR",
  );
});

Deno.test("a file is replaced in one step, under the exact mode, with nothing left beside it", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("n".repeat(255));
  await write(path, "one");
  await write(path, "two");
  assert.equal(await Deno.readTextFile(path), "two");
  assert.equal(((await Deno.lstat(path)).mode ?? 0) & 0o7777, 0o640);
  assert.equal((await files.list(root.path)).length, 1);
});

Deno.test("what a killed run left under the temporary name is removed, never followed", async () => {
  await using root = await TemporaryRoot.create();
  let temporary = "";
  await write(root.join("a"), "one", (path) => Promise.resolve(void (temporary = path)));
  await Deno.writeTextFile(root.join("victim"), "precious");
  await Deno.symlink(root.join("victim"), root.join(basename(temporary)));
  await write(root.join("a"), "two");
  assert.equal(await Deno.readTextFile(root.join("victim")), "precious");
  assert.deepEqual([...await files.list(root.path)].sort(), ["a", "victim"]);
});

Deno.test("a refusal by whoever looks at the new file keeps the old one", async () => {
  await using root = await TemporaryRoot.create();
  await write(root.join("a"), "old");
  const refuse = async (path: string) => {
    throw new Error(`refused ${await Deno.readTextFile(path)}`);
  };
  await assert.rejects(write(root.join("a"), "new", refuse), /Cannot write ".*": refused new/);
  assert.equal(await Deno.readTextFile(root.join("a")), "old");
  assert.deepEqual(await files.list(root.path), ["a"]);
});

Deno.test("a link that root made is followed above a file", { ignore: !isRoot }, async () => {
  await using root = await TemporaryRoot.create();
  await Deno.mkdir(root.join("real/deep"), { recursive: true });
  await Deno.symlink("../real", root.join("real/up"));
  await Deno.symlink(root.join("real"), root.join("alias"));
  await write(root.join("alias/up/deep/file"), "through");
  assert.equal(await Deno.readTextFile(root.join("real/deep/file")), "through");
});

Deno.test(
  "a link that another user planted above a file is refused",
  { ignore: !isRoot },
  async () => {
    await using root = await TemporaryRoot.create();
    await Deno.mkdir(root.join("secrets"));
    await Deno.symlink(root.join("secrets"), root.join("config"));
    await runLchown(root.join("config"));
    const refused = /"config" in it is a symbolic link made by uid 4242, not by root/;
    await assert.rejects(write(root.join("config/file"), "x"), refused);
    await assert.rejects(files.inspect(root.join("config/file")), refused);
    await assert.rejects(files.makeDirectory(root.join("config/folder"), 0o755), refused);
    assert.deepEqual(await files.list(root.join("secrets")), []);
  },
);

async function runLchown(path: string): Promise<void> {
  await new Deno.Command("chown", { args: ["-h", "4242", path] }).output();
}

Deno.test("a circle of links ends with an error", async () => {
  await using root = await TemporaryRoot.create();
  await Deno.symlink("b", root.join("a"));
  await Deno.symlink("a", root.join("b"));
  await assert.rejects(files.inspect(root.join("a/file")), /a symbolic link is in the way/);
});

Deno.test("attributes are changed on the thing itself, never through a link or another name", async () => {
  await using root = await TemporaryRoot.create();
  await write(root.join("file"), "");
  const seen = await files.inspect(root.join("file"));
  assert.ok(seen);
  await files.setAttributes(root.join("file"), { mode: 0o4755 }, seen);
  assert.equal((await files.inspect(root.join("file")))?.mode, 0o4755);
  await Deno.symlink("file", root.join("link"));
  await assert.rejects(
    files.setAttributes(root.join("link"), { mode: 0o777 }, seen),
    /symbolic link/,
  );
  await Deno.link(root.join("file"), root.join("second"));
  await assert.rejects(
    files.setAttributes(root.join("file"), { mode: 0o777 }, seen),
    /it has 2 names/,
  );
});

Deno.test(
  "what was put in the place of a folder is given to nobody",
  { ignore: !isRoot },
  async () => {
    await using root = await TemporaryRoot.create();
    const app = root.join("app"), owner = { uid: 1234, gid: 4321 };
    await files.makeDirectory(app, 0o2755, owner);
    const found = await files.inspect(app);
    assert.deepEqual(found, { kind: "directory", mode: 0o2755, ...owner });
    await Deno.rename(app, root.join("old"));
    await Deno.writeTextFile(app, "precious", { mode: 0o600 });
    const replaced = /something else has taken its place/;
    await assert.rejects(files.setAttributes(app, owner, found), replaced);
    await Deno.remove(app);
    await Deno.mkdir(app);
    await assert.rejects(files.setAttributes(app, { mode: 0o777 }, found), replaced);
    assert.equal((await Deno.lstat(app)).uid, 0);
  },
);

Deno.test("a file comes with the attributes of the one that was read", async () => {
  await using root = await TemporaryRoot.create();
  await write(root.join("a"), "text");
  const copy = await files.readWithEntry(root.join("a"), 10);
  assert.deepEqual(copy?.entry, await files.inspect(root.join("a")));
  assert.equal(new TextDecoder().decode(copy?.content), "text");
  assert.equal(await files.readWithEntry(root.path, 10), undefined);
  assert.equal(await files.readWithEntry(root.join("none"), 10), undefined);
  await assert.rejects(files.readWithEntry(root.join("a"), 3), /more than 3 bytes/);
});

Deno.test("a pipe is not read", async () => {
  await using root = await TemporaryRoot.create();
  await new Deno.Command("mkfifo", { args: [root.join("pipe")] }).output();
  assert.equal((await files.inspect(root.join("pipe")))?.kind, "other");
  await assert.rejects(files.read(root.join("pipe"), 10), /it is not a regular file/);
  await assert.rejects(files.sha256(root.join("pipe")), /it is not a regular file/);
});

Deno.test("reading stops at its limit, and hashing has none", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("large");
  await Deno.writeFile(path, new Uint8Array(3 * 1024 * 1024 + 1));
  await assert.rejects(files.read(path, 1024), /it has more than 1024 bytes/);
  assert.equal((await files.read(path, 4 * 1024 * 1024)).length, 3 * 1024 * 1024 + 1);
  assert.equal(
    await files.sha256(path),
    [
      ...new Uint8Array(
        await crypto.subtle.digest("SHA-256", new Uint8Array(3 * 1024 * 1024 + 1)),
      ),
    ].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
  );
});

Deno.test("every fault is told with what was done to which path", async () => {
  await using root = await TemporaryRoot.create();
  const path = root.join("missing/file");
  const told = (doing: string) =>
    new RegExp(`^FileError: Cannot ${doing} ".*": no such file or folder`);
  await assert.rejects(write(path, ""), told("write"));
  await assert.rejects(files.read(path, 1), told("read"));
  await assert.rejects(files.makeDirectory(path, 0o755), told("make folder"));
  await assert.rejects(files.writeSymlink(path, "x"), told("write link"));
  await assert.rejects(files.removeFile(path), told("remove"));
});

Deno.test("a folder in place of a file is never replaced", async () => {
  await using root = await TemporaryRoot.create();
  await Deno.mkdir(root.join("folder"));
  await assert.rejects(write(root.join("folder"), "x"), /it is a folder/);
  assert.deepEqual(await files.list(root.path), ["folder"]);
});

Deno.test("a folder that cannot be written is told as such", { ignore: isRoot }, async () => {
  await using root = await TemporaryRoot.create();
  await Deno.mkdir(root.join("closed"), { mode: 0o500 });
  await assert.rejects(write(root.join("closed/file"), "x"), /permission denied/);
});

Deno.test(
  "no descriptor stays open, whatever goes wrong",
  { ignore: Deno.build.os !== "linux" },
  async () => {
    await using root = await TemporaryRoot.create();
    await Deno.symlink("loop", root.join("loop"));
    // Of this folder alone: other tests of the same process open and close files meanwhile.
    const open = async () => {
      const targets = await Promise.all(
        (await Array.fromAsync(Deno.readDir("/proc/self/fd"))).map(({ name }) =>
          Deno.readLink(`/proc/self/fd/${name}`).catch(() => "")
        ),
      );
      return targets.filter((target) => target.startsWith(root.path));
    };
    const attempts = async () => {
      await write(root.join("fine"), "x");
      await files.sha256(root.join("fine"));
      await assert.rejects(files.read(root.join("loop/x"), 1));
      await assert.rejects(files.read(root.join("missing/x"), 1));
      await assert.rejects(write(root.join("fine"), "x", () => Promise.reject(new Error("no"))));
      await files.makeDirectory(root.join("folder"), 0o755);
      await files.removeDirectory(root.join("folder"), { recursive: true });
    };
    for (let i = 0; i < 3; i++) await attempts();
    assert.deepEqual(await open(), []);
    {
      using held = await Deno.open(root.path);
      assert.deepEqual(await open(), [root.path], `seen while ${held.constructor.name} is open`);
    }
  },
);
