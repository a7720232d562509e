import assert from "node:assert/strict";
import { geteuid } from "node:process";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { user } from "./user.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA mara@desk";
/** Homes belong to their users; a test that is not root can only be one of them. */
const SELF = geteuid?.() === 0 ? 4242 : geteuid?.() ?? 0;

Deno.test("a password is shown nowhere and kept as a hash", async () => {
  await using machine = await TemporaryMachine.create();
  const params = user.schema.parse({ name: "mara", password: "correct horse" });
  const finding = await user.check(params, machine.context());
  assert.match(JSON.stringify(finding), /password: absent → «secret»/);
  assert.doesNotMatch(JSON.stringify(finding), /horse/);
  await user.apply(params, machine.context());
  assert.match(
    await Deno.readTextFile(machine.root.join("etc/shadow")),
    /^mara:\$6\$.{16}\$.{86}:/m,
  );
});

Deno.test("a hash is stored as it is", async () => {
  await using machine = await TemporaryMachine.create();
  const password = `$6$salt$${"a".repeat(86)}`;
  await user.apply(user.schema.parse({ name: "mara", password }), machine.context());
  assert.equal((await machine.accounts.passwordHash("mara"))?.reveal(), password);
});

Deno.test("grants are written for all to read, and only a grant makes the file", async () => {
  await using machine = await TemporaryMachine.create();
  const path = `${machine.policyFolder}/mara.json`;
  await user.apply(user.schema.parse({ name: "mara" }), machine.context());
  await assert.rejects(Deno.lstat(path), Deno.errors.NotFound);
  const params = user.schema.parse({ name: "mara", gitback: true });
  const finding = await user.check(params, machine.context());
  assert.deepEqual(finding, { kind: "would_change", diff: "gitback: false → true" });
  await user.apply(params, machine.context());
  assert.equal(((await Deno.lstat(path)).mode ?? 0) & 0o777, 0o644);
  assert.deepEqual(JSON.parse(await Deno.readTextFile(path)), {
    user: "mara",
    puddle: false,
    gitback: true,
    curator: false,
    poolq: false,
  });
});

Deno.test("a pipe planted as authorized_keys is an error, not a run that never ends", async () => {
  await using machine = await TemporaryMachine.create();
  await machine.accounts.createUser("mara", { uid: SELF, createHome: true, system: false });
  const folder = machine.root.join("home/mara/.ssh");
  await Deno.mkdir(folder);
  await new Deno.Command("mkfifo", { args: [`${folder}/authorized_keys`] }).output();
  await Deno.chmod(folder, 0o755);
  const params = user.schema.parse({ name: "mara", authorized_keys: [KEY] });
  await assert.rejects(user.check(params, machine.context()), /is not a file/);
});

Deno.test("a group or uid that cannot be had is for a person to decide about", async () => {
  await using machine = await TemporaryMachine.create();
  await machine.accounts.createUser("other", { uid: 1500, createHome: false, system: false });
  const check = async (params: unknown) =>
    JSON.stringify(await user.check(user.schema.parse(params), machine.context()));
  assert.match(await check({ name: "mara", groups: ["ghosts"] }), /no group \\"ghosts\\"/);
  assert.match(await check({ name: "mara", gid: 77 }), /no group \\"77\\"/);
  assert.match(await check({ name: "mara", uid: 1500 }), /belongs to user \\"other\\"/);
});
