import assert from "node:assert/strict";
import { type CoreDumpSystem, forbidCoreDumps } from "./forbid_core_dumps.ts";

/** A Linux system with one limit, as the kernel shows it. */
class FakeLinux implements CoreDumpSystem {
  soft = "unlimited";
  pattern = "core\n";
  filter = "00000033";
  readonly ran: string[] = [];
  refusal: string | undefined;

  readText(path: string): Promise<string> {
    if (path === "/proc/sys/kernel/core_pattern") return Promise.resolve(this.pattern);
    const line = `Max core file size        ${this.soft.padEnd(20)} unlimited            bytes`;
    return Promise.resolve(`Limit  Soft Limit  Hard Limit  Units\n${line}     \n`);
  }

  writeText(path: string, text: string): Promise<void> {
    assert.equal(path, "/proc/self/coredump_filter");
    this.filter = text;
    return Promise.resolve();
  }

  run(command: string, args: readonly string[]): Promise<{ code: number; error: string }> {
    this.ran.push([command, ...args].join(" "));
    if (this.refusal !== undefined) return Promise.resolve({ code: 1, error: this.refusal });
    this.soft = "0";
    return Promise.resolve({ code: 0, error: "" });
  }
}

Deno.test("the limit for core files becomes 0, once", async () => {
  const linux = new FakeLinux();
  assert.equal(await forbidCoreDumps(42, linux), undefined);
  assert.equal(await forbidCoreDumps(42, linux), undefined);
  assert.deepEqual(linux.ran, ["prlimit --pid=42 --core=0:"]);
  assert.equal(linux.filter, "00000033", "no program gets the core, so children keep theirs whole");
});

Deno.test("where cores go to a program it gets no memory, whatever the limit is", async () => {
  const linux = new FakeLinux();
  linux.soft = "0";
  linux.pattern = "|/usr/lib/systemd/systemd-coredump %P %u";
  assert.equal(await forbidCoreDumps(42, linux), undefined);
  assert.equal(linux.filter, "0");
});

Deno.test("a limit that cannot be lowered is said, and so is a system that shows none", async () => {
  const linux = new FakeLinux();
  linux.refusal = "Operation not permitted";
  assert.match(await forbidCoreDumps(42, linux) ?? "", /Operation not permitted/);
  linux.readText = () => Promise.resolve("");
  assert.match(await forbidCoreDumps(42, linux) ?? "", /names no limit/);
});
