import assert from "node:assert/strict";
import { TemporaryRoot } from "../../../tests/support/temporary_root.ts";
import { FakeProcesses } from "../fake_processes.ts";
import { LocalFiles } from "../local_files.ts";
import type { Files } from "../files.ts";
import { RunitManager } from "./runit.ts";

type UsedFiles = Pick<Files, "inspect" | "writeFile" | "writeSymlink" | "removeFile">;

/** Real files below a folder that stands for the root of the machine. */
function below(root: TemporaryRoot): UsedFiles {
  const files = new LocalFiles();
  const at = (path: string) => root.join(path.slice(1));
  return {
    inspect: (path) => files.inspect(at(path)),
    writeFile: (path, file) => files.writeFile(at(path), file),
    writeSymlink: (path, target) => files.writeSymlink(at(path), target),
    removeFile: (path) => files.removeFile(at(path)),
  };
}

const UNSUPERVISED = {
  status: 1,
  stdout: "warning: /etc/service/tiny: unable to open supervise/ok: file does not exist\n",
};

/** A machine whose sv answers one status after the other, and the last one for ever. */
async function withService(...statuses: readonly { status?: number; stdout: string }[]) {
  const root = await TemporaryRoot.create();
  await Deno.mkdir(root.join("etc/sv/tiny"), { recursive: true });
  await Deno.mkdir(root.join("etc/service"));
  const queue = [...statuses];
  const processes = new FakeProcesses(({ argv }) =>
    argv.includes("status") ? (queue.length > 1 ? queue.shift() : queue[0]) ?? {} : {}
  );
  let waits = 0;
  const wait = () => Promise.resolve(void waits++);
  const self = { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
  return {
    root,
    manager: new RunitManager(processes, below(root), self, wait),
    processes,
    waits: () => waits,
    [Symbol.asyncDispose]: () => root[Symbol.asyncDispose](),
  };
}

/** What sv of runit 2.1.2 printed, and whether that is running. */
const STATES: readonly [stdout: string, running: boolean][] = [
  ["run: /etc/service/tiny: (pid 2189) 5s\n", true],
  ["run: /etc/service/tiny: (pid 2196) 1s, normally down; run: log: (pid 9) 1s\n", true],
  ["down: /etc/service/tiny: 0s, normally up\n", false],
  ["down: /etc/service/tiny: 0s, want up\n", false],
  ["warning: /etc/service/tiny: unable to open supervise/ok: file does not exist\n", false],
];

for (const [stdout, running] of STATES) {
  Deno.test(`"${stdout.trim()}" is running: ${running}`, async () => {
    await using machine = await withService({ stdout });
    await Deno.symlink("/etc/sv/tiny", machine.root.join("etc/service/tiny"));
    const found = await machine.manager.inspect("tiny");
    assert.deepEqual(found.known && [found.running, found.enabled], [running, true]);
  });
}

Deno.test("a service is enabled by a link, and told nothing before it is supervised", async () => {
  const run = { stdout: "run: /etc/service/tiny: (pid 1) 0s\n" };
  await using machine = await withService(UNSUPERVISED, UNSUPERVISED, run);
  const before = await machine.manager.inspect("tiny");
  assert.deepEqual(before.known && [before.running, before.enabled], [false, false]);
  await assert.rejects(machine.manager.act("tiny", "start"), /set enabled: true, which links it/);
  await machine.manager.act("tiny", "enable");
  assert.equal(await Deno.readLink(machine.root.join("etc/service/tiny")), "/etc/sv/tiny");
  assert.equal(machine.waits(), 2);
});

Deno.test("a link that nobody supervises is said after a while", async () => {
  await using machine = await withService(UNSUPERVISED);
  await assert.rejects(machine.manager.act("tiny", "enable"), /runsvdir does not supervise/);
});

Deno.test("a service is disabled without being stopped, and enabled again", async () => {
  await using machine = await withService({ stdout: "run: /etc/service/tiny: (pid 1) 0s\n" });
  await Deno.symlink("/etc/sv/tiny", machine.root.join("etc/service/tiny"));
  await machine.manager.act("tiny", "disable");
  const disabled = await machine.manager.inspect("tiny");
  assert.deepEqual(disabled.known && [disabled.running, disabled.enabled], [true, false]);
  await machine.manager.act("tiny", "enable");
  const enabled = await machine.manager.inspect("tiny");
  assert.equal(enabled.known && enabled.enabled, true);
});

Deno.test("acts go to the folder of the service, and a service that is nowhere is not known", async () => {
  await using machine = await withService({ stdout: "" });
  await Deno.symlink("/etc/sv/tiny", machine.root.join("etc/service/tiny"));
  await machine.manager.act("tiny", "restart");
  const [restart] = machine.processes.programs;
  assert.deepEqual(restart?.argv, ["sv", "-w", "60", "restart", "/etc/service/tiny"]);
  assert.deepEqual(await machine.manager.inspect("ghost"), { known: false });
});
