import assert from "node:assert/strict";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { nativeSystem } from "./native_system.ts";

const { signal } = new AbortController();

Deno.test("files of any length are read whole, and one that is too large not at all", async () => {
  await using root = await TemporaryRoot.create();
  const system = nativeSystem(rootPaths(root.path));
  for (const length of [0, 1, 4095, 4096, 4097, 100_000]) {
    await Deno.writeTextFile(root.join("file"), "x".repeat(length));
    assert.equal((await system.readText(root.join("file")))?.length, length);
  }
  await Deno.writeTextFile(root.join("file"), "x".repeat(4 * 1024 * 1024 + 1));
  await assert.rejects(system.readText(root.join("file")), /larger than 4194304 bytes/);
});

Deno.test("what is not there is nothing, whatever is asked of it", async () => {
  const system = nativeSystem(rootPaths("/"));
  assert.equal(await system.readText("/nonexistent/file"), undefined);
  assert.equal(await system.readText("/etc/passwd/file"), undefined);
  assert.deepEqual(await system.list("/nonexistent"), []);
  assert.equal(await system.readLink("/etc/passwd"), undefined);
  assert.equal(await system.readRoom("/nonexistent"), undefined);
  assert.equal(await system.run(["/nonexistent/program"], signal), undefined);
});

Deno.test("a process that ended between two looks is not there any more", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  // Its status can still be opened while nobody has waited for it, and is gone for good afterwards.
  const child = new Deno.Command("sleep", { args: ["600"] }).spawn();
  const { pid } = child;
  const system = nativeSystem(rootPaths("/"));
  assert.match(
    await system.readText(`/proc/${pid}/status`) ?? "",
    new RegExp(`^Pid:\t${pid}$`, "m"),
  );
  child.kill("SIGKILL");
  await child.status;
  assert.equal(await system.readText(`/proc/${pid}/status`), undefined);
});

Deno.test("programs get nothing of this process's environment, and one that fails says how", async () => {
  const system = nativeSystem(rootPaths("/"));
  Deno.env.set("VIGO_TOKEN", "hidden");
  try {
    const environment = await system.run(["env"], signal) ?? "";
    assert.match(environment, /^LC_ALL=C\.UTF-8$/m);
    assert.doesNotMatch(environment, /VIGO_TOKEN/);
  } finally {
    Deno.env.delete("VIGO_TOKEN");
  }
  await assert.rejects(
    system.run(["sh", "-c", "echo no rights >&2; exit 4"], signal),
    /sh ended with status 4: no rights/,
  );
});
