import assert from "node:assert/strict";
import { writeSshFolder } from "../../tests/support/ssh_folder.ts";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { sshAuthorizedKey } from "./ssh_authorized_key.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA";
const params = sshAuthorizedKey.schema.parse({ user: "mara", key: KEY });

Deno.test("a pipe planted in a home is an error, not a run that never ends", async () => {
  await using machine = await TemporaryMachine.create();
  await writeSshFolder(machine, { known_hosts: "" });
  const path = machine.root.join("home/mara/.ssh/authorized_keys");
  await new Deno.Command("mkfifo", { args: [path] }).output();
  await assert.rejects(sshAuthorizedKey.check(params, machine.context()), /is not a file/);
});

Deno.test({
  name: "links planted in a home lead nowhere that their owner could not go",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    await using machine = await TemporaryMachine.create();
    await writeSshFolder(machine, {});
    const secret = machine.root.join("root-only");
    await Deno.mkdir(secret, { mode: 0o700 });
    await Deno.writeTextFile(`${secret}/authorized_keys`, `${KEY} root\n`);
    await Deno.symlink(secret, machine.root.join("home/mara/.ssh"));
    const finding = await sshAuthorizedKey.check(params, machine.context());
    assert.doesNotMatch(JSON.stringify(finding), /root\\n/);
    await assert.rejects(sshAuthorizedKey.apply(params, machine.context()), /ended with status/);
    assert.equal(await Deno.readTextFile(`${secret}/authorized_keys`), `${KEY} root\n`);
  },
});

Deno.test({
  name: "what is written belongs to the user",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    await using machine = await TemporaryMachine.create();
    await writeSshFolder(machine, {});
    await sshAuthorizedKey.apply(params, machine.context());
    const { uid, mode } = await Deno.lstat(machine.root.join("home/mara/.ssh/authorized_keys"));
    assert.deepEqual([uid, (mode ?? 0) & 0o777], [4242, 0o600]);
  },
});

Deno.test("a file that is larger than anybody's keys is refused", async () => {
  await using machine = await TemporaryMachine.create();
  await writeSshFolder(machine, { authorized_keys: "#".repeat(2 * 1024 * 1024 + 1) });
  await assert.rejects(sshAuthorizedKey.check(params, machine.context()), /is too large/);
});

Deno.test("a large file is written back whole", async () => {
  await using machine = await TemporaryMachine.create();
  const before = `# ${"x".repeat(1000)}\n`.repeat(1500);
  await writeSshFolder(machine, { authorized_keys: before });
  await sshAuthorizedKey.apply(params, machine.context());
  const path = machine.root.join("home/mara/.ssh/authorized_keys");
  assert.equal(await Deno.readTextFile(path), `${before}${KEY}\n`);
});

Deno.test("a user that is gone has no key left", async () => {
  await using machine = await TemporaryMachine.create();
  const absent = sshAuthorizedKey.schema.parse({ user: "ghost", key: KEY, ensure: "absent" });
  assert.deepEqual(await sshAuthorizedKey.check(absent, machine.context()), { kind: "in_sync" });
});

Deno.test("an agent without the rights of root cannot know the keys of others", async () => {
  await using machine = await TemporaryMachine.create();
  await writeSshFolder(machine, {});
  const context = machine.context({ self: { uid: 77, gid: 77 } });
  assert.deepEqual(await sshAuthorizedKey.check(params, context), {
    kind: "unknown",
    reason: 'cannot look at authorized_keys of "mara": the agent runs as uid 77',
  });
});
