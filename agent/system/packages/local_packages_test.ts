import assert from "node:assert/strict";
import { FakeProcesses } from "../fake_processes.ts";
import { LocalFiles } from "../local_files.ts";
import { LocalPackages } from "./local_packages.ts";

Deno.test("a package manager without a provider is named", async () => {
  const packages = new LocalPackages(new LocalFiles(), new FakeProcesses(() => ({})));
  assert.deepEqual(await packages.choose("pacman"), {
    ok: false,
    reason: "no package provider for pacman",
  });
});
