import assert from "node:assert/strict";
import { pid } from "node:process";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { ProcTable } from "../system/process_table/proc_table.ts";
import { process } from "./process.ts";

const ignore = Deno.build.os !== "linux";

Deno.test("a signal is sent once for a notification, and not without one", async () => {
  await using machine = await TemporaryMachine.create();
  const { fakeProcesses } = machine.host;
  const { pid } = fakeProcesses.add("/usr/sbin/haproxy -W");
  const params = process.schema.parse({ name: "haproxy", ensure: "signalled", signal: "USR2" });
  const quiet = machine.context();
  assert.deepEqual(await process.check(params, quiet), { kind: "in_sync" });
  const notified = machine.context({ notified: true });
  assert.equal((await process.check(params, notified)).kind, "would_change");
  assert.equal(await process.apply(params, notified), "updated");
  assert.deepEqual(fakeProcesses.signals, [`USR2 ${pid}`]);
});

Deno.test("a process that does not end is named", async () => {
  await using machine = await TemporaryMachine.create();
  machine.host.fakeProcesses.isStubborn = true;
  machine.host.fakeProcesses.add("miner");
  const params = process.schema.parse({ name: "miner", ensure: "stopped", timeout: 1 });
  await assert.rejects(
    process.apply(params, machine.context()),
    /process 11 \(miner\) still runs 1 s after TERM; use "signal: KILL"/,
  );
});

Deno.test("only processes of the user are meant", async () => {
  await using machine = await TemporaryMachine.create();
  machine.host.fakeProcesses.add("worker", 4711);
  const params = process.schema.parse({ name: "worker", user: "root", ensure: "stopped" });
  assert.deepEqual(await process.check(params, machine.context()), { kind: "in_sync" });
});

Deno.test({
  name: "a real process is found by its whole name and its command line, and ends",
  ignore,
  fn: async () => {
    await using machine = await TemporaryMachine.create();
    const program = machine.root.join("a-name-of-more-than-fifteen-letters");
    await Deno.copyFile("/bin/sleep", program);
    await Deno.chmod(program, 0o755);
    const table = { ok: true, provider: new ProcTable() } as const;
    const host = Object.assign(machine.host, { processTable: table });
    const context = machine.context({ host });
    const running = process.schema.parse({
      name: "a-name-of-more-than-fifteen-letters",
      command: [program, "1000"],
    });
    assert.equal((await process.check(running, context)).kind, "would_change");
    assert.equal(await process.apply(running, context), "created");
    assert.deepEqual(await process.check(running, context), { kind: "in_sync" });
    const stopped = process.schema.parse({
      name: "sleepers",
      pattern: `^${program} 1000$`,
      ensure: "stopped",
    });
    assert.equal((await process.check(stopped, context)).kind, "would_change");
    assert.equal(await process.apply(stopped, context), "deleted");
    assert.deepEqual(await process.check(stopped, context), { kind: "in_sync" });
  },
});

Deno.test({
  name: "the process itself is among the protected ones",
  ignore,
  fn: async () => {
    const table = new ProcTable();
    assert.ok(table.protectedPids.includes(pid));
    assert.ok((await table.list()).some((one) => one.pid === pid));
  },
});
