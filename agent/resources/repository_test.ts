import assert from "node:assert/strict";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { PACKAGE_KEY } from "../../tests/support/package_key.ts";
import { BlockedError } from "../system/blocked_error.ts";
import { repository } from "./repository.ts";

const PARAMS = {
  name: "example",
  uris: "https://packages.example.com/debian",
  suites: "stable",
  components: "main",
  key: PACKAGE_KEY,
};
const SOURCE = "etc/apt/sources.list.d/example.sources";
const KEY = "etc/apt/keyrings/example.asc";

function apply(machine: TemporaryMachine, params: object) {
  return repository.apply(repository.schema.parse(params), machine.context());
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

Deno.test("a new source whose index cannot be had blocks, and leaves nothing behind", async () => {
  await using machine = await TemporaryMachine.create();
  machine.packages.fault = "E: Failed to fetch https://packages.example.com/debian";
  await assert.rejects(apply(machine, PARAMS), BlockedError);
  assert.equal(await exists(machine.root.join(SOURCE)), false);
  assert.equal(await exists(machine.root.join(KEY)), false);
  const params = repository.schema.parse(PARAMS);
  assert.equal((await repository.check(params, machine.context())).kind, "would_change");
});

Deno.test("a changed source whose index cannot be had is what it was", async () => {
  await using machine = await TemporaryMachine.create();
  await apply(machine, PARAMS);
  const before = await Deno.readTextFile(machine.root.join(SOURCE));
  machine.packages.fault = "E: The repository is not signed.";
  await assert.rejects(apply(machine, { ...PARAMS, suites: "testing" }), BlockedError);
  assert.equal(await Deno.readTextFile(machine.root.join(SOURCE)), before);
  assert.equal(await Deno.readTextFile(machine.root.join(KEY)), PACKAGE_KEY);
});

Deno.test("a source that is switched off is not asked for its index", async () => {
  await using machine = await TemporaryMachine.create();
  machine.packages.fault = "E: Failed to fetch";
  assert.equal(await apply(machine, { ...PARAMS, enabled: false }), "created");
  assert.match(await Deno.readTextFile(machine.root.join(SOURCE)), /^Enabled: no$/m);
});

Deno.test("what a source was is kept before it is overwritten or removed", async () => {
  await using machine = await TemporaryMachine.create();
  await apply(machine, PARAMS);
  const kept: string[] = [];
  const keep = (path: string) => Promise.resolve(void kept.push(path));
  const context = machine.context({ snapshots: { keep } });
  const absent = repository.schema.parse({ name: "example", ensure: "absent" });
  assert.equal(await repository.apply(absent, context), "deleted");
  assert.deepEqual(kept.toSorted(), [machine.root.join(KEY), machine.root.join(SOURCE)]);
});
