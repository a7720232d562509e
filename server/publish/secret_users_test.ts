import assert from "node:assert/strict";
import { checkStacks } from "../resolve/check_stacks.ts";
import { PolicyCompiler } from "../resolve/policy_compiler.ts";
import { stackFiles } from "../stacks/stack_fixture.ts";
import { findSecretUsersInSteps } from "./secret_users.ts";

Deno.test("who uses a secret is known by host and by crate", () => {
  const checked = checkStacks(stackFiles({
    "envoys.vgo":
      'envoys:\n  - {match: "web-*", configcrates: [b, a]}\n  - {match: "*", configcrates: [b]}\n',
    "configcrates/a.vgo":
      "name: a\nresources:\n  - file: /x\n    content: secret:db/key\n    mode: '0600'\n",
    "configcrates/b.vgo":
      "name: b\nresources:\n  - file: /y\n    content: secret:all/key\n    mode: '0600'\n",
  }));
  assert.ok(checked.ok);
  const hosts = ["web-2", "db-1", "web-1"].map((hostname) => ({ hostname, traits: {} }));
  const usersOf = (path: string) => {
    const steps = findSecretUsersInSteps(path, new PolicyCompiler(checked.tree), hosts);
    let step = steps.next();
    while (!step.done) step = steps.next();
    return step.value;
  };
  assert.deepEqual(usersOf("db/key"), { hosts: ["web-1", "web-2"], crates: ["a"] });
  assert.deepEqual(usersOf("all/key"), { hosts: ["db-1", "web-1", "web-2"], crates: ["b"] });
  assert.deepEqual(usersOf("no/key"), { hosts: [], crates: [] });
});
