import assert from "node:assert/strict";
import { pid } from "node:process";
import { eventually } from "../../tests/support/eventually.ts";
import { runCommand } from "../../tests/support/run_command.ts";
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

Deno.test("only Vigo's own processes are left alone, by where they lie and not by their name", async () => {
  await using machine = await TemporaryMachine.create();
  const { fakeProcesses } = machine.host;
  const decoy = fakeProcesses.add("/home/bob/vigo --pool xmrig", 1000);
  const own = fakeProcesses.add("/usr/bin/vigo daemon xmrig");
  const miner = fakeProcesses.add("/tmp/xmrig", 1000);
  fakeProcesses.executables.set(decoy.pid, "/home/bob/vigo").set(own.pid, "/usr/bin/vigo");
  const params = process.schema.parse({ name: "miner", pattern: "xmrig", ensure: "stopped" });
  const finding = await process.check(params, machine.context());
  assert.deepEqual(finding.kind === "would_change" && finding.diff.split("\n"), [
    `process ${decoy.pid} (/home/bob/vigo --pool xmrig): stop by TERM`,
    `process ${miner.pid} (/tmp/xmrig): stop by TERM`,
    `left alone, Vigo itself or what started it: process ${own.pid}`,
  ]);
  assert.equal(await process.apply(params, machine.context()), "deleted");
  assert.deepEqual(fakeProcesses.signals, [`TERM ${decoy.pid}`, `TERM ${miner.pid}`]);
  const left = await process.check(params, machine.context());
  assert.match(left.kind === "unknown" ? left.reason : left.kind, /means Vigo itself/);
});

Deno.test("a search through many command lines can be ended", async () => {
  await using machine = await TemporaryMachine.create();
  const stop = new AbortController();
  const params = process.schema.parse({ name: "x", pattern: "y", ensure: "stopped" });
  const checked = process.check(params, machine.context({ signal: stop.signal }));
  stop.abort();
  await assert.rejects(checked, { name: "AbortError" });
});

Deno.test("a pattern over command lines takes no longer because of what a user writes there", async () => {
  await using machine = await TemporaryMachine.create();
  machine.host.fakeProcesses.add("a".repeat(4000), 1000);
  const params = process.schema.parse({ name: "x", pattern: "(a+)+$b", ensure: "stopped" });
  assert.deepEqual(await process.check(params, machine.context()), { kind: "in_sync" });
});

Deno.test({
  name:
    "the start of a real command line is read, however it is made, and its program by the kernel",
  ignore,
  fn: async () => {
    const table = new ProcTable();
    for (
      const words of [[...Array(60_000).fill(""), "x"], ["a".repeat(120_000)], [
        "\n/ ".repeat(30_000),
      ]]
    ) {
      await using child = new HeldProcess(words);
      const found = (await table.list()).find(({ pid }) => pid === child.pid);
      assert.ok(found !== undefined && found.commandLine.length <= 4096);
      assert.equal(await table.executableOf(found), await Deno.realPath("/bin/sh"));
      assert.equal(await table.executableOf({ ...found, startedAt: "1" }), undefined);
    }
  },
});

Deno.test({
  name: "a program that only its own mount namespace calls Vigo's is not taken for it",
  ignore: ignore || Deno.uid() !== 0 || (await runCommand("unshare", ["-m", "true"])).code !== 0,
  fn: async () => {
    const script = "mount --bind /bin/sleep /usr/bin/env && exec /usr/bin/env 1000";
    const child = new Deno.Command("unshare", { args: ["-m", "sh", "-c", script] }).spawn();
    try {
      const table = new ProcTable();
      const found = await eventually("the program runs under the other's path", async () => {
        const one = (await table.list()).find(({ pid }) => pid === child.pid);
        return one?.commandLine === "/usr/bin/env 1000" ? one : undefined;
      });
      assert.equal(await Deno.readLink(`/proc/${child.pid}/exe`), "/usr/bin/env");
      assert.equal(await table.executableOf(found), undefined);
    } finally {
      child.kill("SIGKILL");
      await child.status;
    }
  },
});

/** A shell with these words after its own, until its input ends. */
class HeldProcess {
  readonly #child: Deno.ChildProcess;

  constructor(words: readonly string[]) {
    const args = ["-c", "read line", ...words];
    this.#child = new Deno.Command("/bin/sh", { args, stdin: "piped" }).spawn();
  }

  get pid(): number {
    return this.#child.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    await this.#child.status;
  }
}

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
