import assert from "node:assert/strict";
import { openPeople, PASSWORD, someone } from "./people_fixture.ts";
import { LOCAL_ROOT } from "../service/principal.ts";

Deno.test("a user is added once, shown without the password, and removed", async () => {
  const people = openPeople();
  const added = await people.users.add(
    { name: "ann", role: "operator", password: PASSWORD },
    LOCAL_ROOT,
  );
  assert.ok(added.ok);
  assert.deepEqual(added.value, {
    name: "ann",
    role: "operator",
    enabled: true,
    createdAtMs: people.clock.nowMs,
    createdBy: "local-root",
    passwordAtMs: people.clock.nowMs,
    lastLoginMs: null,
  });
  const again = await people.users.add(
    { name: "ann", role: "admin", password: PASSWORD },
    LOCAL_ROOT,
  );
  assert.equal(again.ok ? 200 : again.status, 409);
  const shown = await people.users.show("ann");
  assert.ok(shown.ok && !JSON.stringify(shown.value).includes("scrypt"));
  assert.ok((await people.users.remove("ann", LOCAL_ROOT)).ok);
  assert.deepEqual(await people.users.list(), []);
  assert.equal((await people.users.show("ann")).ok, false);
});

Deno.test("the last administrator who may log in stays one, whoever asks", async () => {
  const people = openPeople();
  const { users } = people;
  await people.add("ann", "admin");
  await people.add("bob", "admin");
  const bob = someone("bob", "admin");
  assert.ok((await users.disable("ann", bob)).ok);
  for (const principal of [bob, LOCAL_ROOT]) {
    for (
      const refused of [
        await users.remove("bob", principal),
        await users.disable("bob", principal),
        await users.setRole("bob", "operator", principal),
      ]
    ) {
      assert.equal(refused.ok ? 200 : refused.status, 409);
      assert.match(refused.ok ? "" : refused.message, /Make another user admin first/);
    }
  }
  assert.ok((await users.remove("ann", bob)).ok, "a disabled one may go");
  assert.ok((await users.setRole("bob", "admin", bob)).ok);
  await people.add("cid", "admin");
  assert.ok((await users.remove("bob", bob)).ok);
});

Deno.test("of two administrators who remove each other at once one stays", async () => {
  const people = openPeople();
  await people.add("ann", "admin");
  await people.add("bob", "admin");
  const results = await Promise.all([
    people.users.remove("ann", someone("bob", "admin")),
    people.users.remove("bob", someone("ann", "admin")),
  ]);
  assert.deepEqual(results.map(({ ok }) => ok), [true, false]);
});

Deno.test("each change has a record with who made it, and none holds a password", async () => {
  const people = openPeople();
  await people.add("root", "admin");
  await people.add("ann", "viewer");
  const root = someone("root", "admin");
  await people.users.setRole("ann", "operator", root);
  await people.users.setPassword("ann", "another long password", root);
  await people.users.disable("ann", root);
  await people.users.enable("ann", root);
  await people.users.remove("ann", root);
  await people.users.remove("nobody", root);
  const acts = await people.acts();
  assert.deepEqual(
    acts.map(({ principal, action }) => `${principal} ${action}`),
    [
      "local-root user.add",
      "local-root user.add",
      "user:root user.role",
      "user:root user.password",
      "user:root user.disable",
      "user:root user.enable",
      "user:root user.remove",
    ],
  );
  assert.deepEqual(acts[2]?.payload, { user: "ann", role: "operator", from: "viewer" });
  assert.doesNotMatch(JSON.stringify(acts), /horse|another|scrypt/);
});
