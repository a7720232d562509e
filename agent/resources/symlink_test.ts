import assert from "node:assert/strict";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { symlink } from "./symlink.ts";

Deno.test("a file or folder where a link should be is left for a person to decide about", async () => {
  await using machine = await TemporaryMachine.create();
  for (const name of ["etc", "etc/passwd"]) {
    const params = symlink.schema.parse({ path: machine.root.join(name), target: "x" });
    assert.match(JSON.stringify(await symlink.check(params, machine.context())), /"unknown"/);
  }
});
