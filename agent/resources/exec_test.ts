import assert from "node:assert/strict";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { exec } from "./exec.ts";

Deno.test("a command sees its environment and none of the agent's", async () => {
  await using machine = await TemporaryMachine.create();
  Deno.env.set("VIGO_TEST_LEAK", "leaked");
  const params = exec.schema.parse({
    command: 'test "$GREETING" = hello && test -z "$VIGO_TEST_LEAK"',
    environment: { GREETING: "hello" },
  });
  assert.equal(await exec.apply(params, machine.context()), "updated");
  Deno.env.delete("VIGO_TEST_LEAK");
});

Deno.test("a status that is not among the returns fails, with what the command printed", async () => {
  await using machine = await TemporaryMachine.create();
  const command = "echo the reason >&2; exit 3";
  await assert.rejects(
    exec.apply(exec.schema.parse({ command }), machine.context()),
    /ended with status 3: the reason/,
  );
  const allowed = exec.schema.parse({ command, returns: [0, 3] });
  assert.equal(await exec.apply(allowed, machine.context()), "updated");
});

Deno.test("a command runs as its user", { ignore: Deno.uid() !== 0 }, async () => {
  await using machine = await TemporaryMachine.create();
  await machine.accounts.createUser("mara", {
    uid: 4242,
    createHome: false,
    system: false,
    addToGroups: ["adm"],
  });
  const command = 'test "$(id -u)/$(id -G)/$USER" = "4242/4242 4/mara"';
  const params = exec.schema.parse({ command, user: "mara" });
  assert.equal(await exec.apply(params, machine.context()), "updated");
});

Deno.test("a user that does not exist is unknown", async () => {
  await using machine = await TemporaryMachine.create();
  const params = exec.schema.parse({ command: "true", user: "ghost" });
  assert.match(JSON.stringify(await exec.check(params, machine.context())), /no user \\"ghost\\"/);
});

Deno.test("a command settles if it has a guard and was not notified", async () => {
  await using machine = await TemporaryMachine.create();
  const guarded = exec.schema.parse({ command: "true", unless: "false" });
  assert.equal(exec.settles?.(guarded, machine.context()), true);
  assert.equal(exec.settles?.(guarded, machine.context({ notified: true })), false);
  assert.equal(exec.settles?.(exec.schema.parse({ command: "true" }), machine.context()), false);
});
