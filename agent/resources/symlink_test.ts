import assert from "node:assert/strict";
import { testResourceContract } from "../../tests/support/resource_contract.ts";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { symlink } from "./symlink.ts";

testResourceContract(symlink, [{ path: "/a" }, { path: "/a", target: "" }], [
  {
    title: "a missing link",
    prepare: (machine) => Promise.resolve({ path: machine.root.join("current"), target: "v2" }),
    tamper: (machine) => Deno.remove(machine.root.join("current")),
  },
  {
    title: "a link to something else",
    prepare: async (machine) => {
      await Deno.symlink("v1", machine.root.join("current"));
      return { path: machine.root.join("current"), target: "v2" };
    },
    tamper: async (machine) => {
      await Deno.remove(machine.root.join("current"));
      await Deno.symlink("/etc", machine.root.join("current"));
    },
  },
  {
    title: "a link to be removed",
    prepare: async (machine) => {
      await Deno.symlink("v1", machine.root.join("current"));
      return { path: machine.root.join("current"), ensure: "absent" };
    },
  },
]);

Deno.test("a file or folder where a link should be is left for a person to decide about", async () => {
  await using machine = await TemporaryMachine.create();
  for (const name of ["etc", "etc/passwd"]) {
    const params = symlink.schema.parse({ path: machine.root.join(name), target: "x" });
    assert.match(JSON.stringify(await symlink.check(params, machine.context())), /"unknown"/);
  }
});
