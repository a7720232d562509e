import assert from "node:assert/strict";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { formatProblem } from "./problem_list.ts";
import { MAX_VGO_LENGTH } from "./parse_vgo.ts";
import { MAX_STACK_FILE_BYTES, readStackFolder } from "./read_stack_folder.ts";

async function write(root: TemporaryRoot, path: string, text = "a: 1\n") {
  await Deno.mkdir(root.join(path, ".."), { recursive: true });
  await Deno.writeTextFile(root.join(path), text);
}

Deno.test("stacks and templates are read in the order of their paths, other files are passed over", async () => {
  await using root = await TemporaryRoot.create();
  for (const path of ["envoys.vgo", "a/b.vgo", "templates/x.conf", "README.md", ".git/x.vgo"]) {
    await write(root, path);
  }
  const { files, problems } = await readStackFolder(root.path);
  assert.deepEqual(files.map(({ path }) => path), ["a/b.vgo", "envoys.vgo", "templates/x.conf"]);
  assert.deepEqual(problems, []);
});

Deno.test("a link is followed inside the stacks, and refused when it leads out of them", async () => {
  await using root = await TemporaryRoot.create();
  await write(root, "secret.vgo");
  await write(root, "stacks/a.vgo");
  await Deno.symlink("a.vgo", root.join("stacks/b.vgo"));
  await Deno.symlink("../secret.vgo", root.join("stacks/c.vgo"));
  await Deno.symlink("nowhere", root.join("stacks/d.vgo"));
  await Deno.symlink("/etc", root.join("stacks/templates"));
  const { files, problems } = await readStackFolder(root.join("stacks"));
  assert.deepEqual(files.map(({ path }) => path), ["a.vgo", "b.vgo"]);
  assert.deepEqual(problems.map(formatProblem).sort(), [
    "c.vgo:1:1: symbolic link leads out of the stacks: replace it with the file",
    "d.vgo:1:1: symbolic link leads nowhere, or out of the stacks: remove it",
    "templates:1:1: symbolic link leads out of the stacks: replace it with the file",
  ]);
});

Deno.test("what is too large or has another ending is refused by name", async () => {
  await using root = await TemporaryRoot.create();
  await write(root, "large.vgo", " ".repeat(MAX_STACK_FILE_BYTES + 1));
  await write(root, "web.yaml");
  const { files, problems } = await readStackFolder(root.path);
  assert.deepEqual(files, []);
  assert.deepEqual(problems.map(formatProblem).sort(), [
    `large.vgo:1:1: file of ${
      MAX_STACK_FILE_BYTES + 1
    } bytes: the limit is ${MAX_VGO_LENGTH} characters`,
    'web.yaml:1:1: file is not read: stacks end in ".vgo", rename it',
  ]);
});
