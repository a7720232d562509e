import assert from "node:assert/strict";
import { type BundleResource, bundleResourceSchema } from "../../shared/config/policy_bundle.ts";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { user } from "../resources/user.ts";
import { namedUsers, revokeUnnamed } from "./revoke_grants.ts";

function resource(name: string, changes: object = {}): BundleResource {
  return bundleResourceSchema.parse({
    id: `user:${name}`,
    type: "user",
    name,
    crate: "people",
    source: "",
    dependsOn: [],
    notify: [],
    params: { name },
    ...changes,
  });
}

Deno.test("the users that a policy names are those of its user resources that are wanted here", () => {
  const file = resource("motd", { id: "file:motd", type: "file" });
  const all = [resource("mara"), resource("dan"), file];
  assert.deepEqual([...namedUsers(all, new Set(["user:dan"])) ?? []], ["mara"]);
  assert.deepEqual([...namedUsers([], new Set()) ?? []], []);
});

Deno.test("while a name is worked out on the machine nobody is said to be left out", () => {
  const deferred = [{ at: "/name", value: { kind: "secret", path: "people/name" } }];
  assert.equal(namedUsers([resource("x", { params: {}, deferred })], new Set()), undefined);
});

Deno.test("a user without a resource loses its grants, and nothing else of it", async () => {
  await using machine = await TemporaryMachine.create();
  assert.deepEqual(await revokeUnnamed(machine.context(), new Set()), [], "there is no folder");
  for (const name of ["mara", "dan"]) {
    const params = user.schema.parse({ name, puddle: true, poolq: true });
    await user.apply(params, machine.context());
  }
  const names = async () =>
    (await Array.fromAsync(Deno.readDir(machine.policyFolder))).map(({ name }) => name).sort();
  assert.deepEqual(await revokeUnnamed(machine.context(), new Set(["mara", "dan"])), []);
  assert.deepEqual(await names(), ["dan.json", "mara.json"]);
  assert.deepEqual(await revokeUnnamed(machine.context(), new Set(["mara"])), ["dan"]);
  assert.deepEqual(await names(), ["mara.json"]);
  assert.ok(await machine.accounts.findUser("dan"), "the account stays");
});
