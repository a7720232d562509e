import assert from "node:assert/strict";
import { UserError } from "../../shared/terminal/user_error.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { copyExample, listExamples } from "./example_library.ts";

Deno.test("every example has a title and says what it is for", async () => {
  const examples = await listExamples();
  assert.ok(examples.some(({ name }) => name === "small-fleet"));
  for (const { name, title, description, files } of examples) {
    assert.ok(title !== "" && description !== "" && files > 0, name);
  }
});

Deno.test("a copied example is whole, and overwrites nothing", async () => {
  await using root = await TemporaryRoot.create();
  const target = root.join("stacks");
  await Deno.mkdir(target);
  await Deno.writeTextFile(root.join("stacks/README.md"), "mine\n");
  const { files } = await copyExample("small-fleet", target);
  assert.ok(files.includes("envoys.vgo") && files.some((path) => path.startsWith("configcrates/")));
  assert.equal(await Deno.readTextFile(root.join("stacks/README.md")), "mine\n");
  await Deno.writeTextFile(root.join("stacks/envoys.vgo"), "mine\n");
  await Deno.remove(root.join("stacks/roles.vgo"));
  await assert.rejects(
    copyExample("small-fleet", target),
    (error) =>
      error instanceof UserError && error.exitCode === 3 &&
      /more of its files are there already/.test(error.message),
  );
  assert.equal(await Deno.readTextFile(root.join("stacks/envoys.vgo")), "mine\n");
  await assert.rejects(Deno.stat(root.join("stacks/roles.vgo")), Deno.errors.NotFound);
});

Deno.test("an example that there is not is refused with the nearest name", async () => {
  for (const name of ["small-flet", "../cli", ""]) {
    await assert.rejects(
      copyExample(name, "/nowhere"),
      (error) => error instanceof UserError && error.exitCode === 2,
      name,
    );
  }
});
