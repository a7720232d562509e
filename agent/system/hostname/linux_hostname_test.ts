import assert from "node:assert/strict";
import { TemporaryRoot } from "../../../tests/support/temporary_root.ts";
import { FakeProcesses } from "../fake_processes.ts";
import { ProgramNotFoundError } from "../processes.ts";
import { LinuxHostname } from "./linux_hostname.ts";

const MISSING = new FakeProcesses((program) => {
  throw new ProgramNotFoundError(program, new Error("ENOENT"));
});

Deno.test("without hostname(1) the kernel is told directly", async () => {
  await using root = await TemporaryRoot.create();
  await Deno.writeTextFile(root.join("hostname"), "old\n");
  await new LinuxHostname(MISSING, root.join("hostname")).write("new");
  assert.equal(await Deno.readTextFile(root.join("hostname")), "new\n");
});

Deno.test("a kernel that cannot be told is named, and so is why", async () => {
  await using root = await TemporaryRoot.create();
  await assert.rejects(
    new LinuxHostname(MISSING, root.join("nowhere")).write("new"),
    /Cannot set the hostname in ".*nowhere"/,
  );
  const refusing = new FakeProcesses(() => ({ status: 1, stderr: "you must be root" }));
  await assert.rejects(
    new LinuxHostname(refusing).write("new"),
    /Cannot set the hostname to "new": hostname ended with status 1: you must be root/,
  );
});
