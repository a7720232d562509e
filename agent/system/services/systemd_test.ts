import assert from "node:assert/strict";
import { FakeProcesses } from "../fake_processes.ts";
import { SystemdManager } from "./systemd.ts";

/** A manager whose systemctl prints the same properties each time. */
function withUnit(properties: Readonly<Record<string, string>>) {
  const stdout = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`).join("");
  const processes = new FakeProcesses(({ argv }) => argv.includes("show") ? { stdout } : {});
  return { manager: new SystemdManager(processes), processes };
}

const CASES: readonly [Readonly<Record<string, string>>, boolean, boolean | undefined][] = [
  [{ ActiveState: "active", SubState: "running", UnitFileState: "enabled" }, true, true],
  [{ ActiveState: "inactive", SubState: "dead", UnitFileState: "disabled" }, false, false],
  [{ ActiveState: "failed", SubState: "failed", UnitFileState: "enabled" }, false, true],
  [{ ActiveState: "activating", SubState: "start", UnitFileState: "enabled" }, true, true],
  [
    { ActiveState: "activating", SubState: "auto-restart", UnitFileState: "static" },
    false,
    undefined,
  ],
  [{ ActiveState: "reloading", SubState: "reload", UnitFileState: "masked" }, true, false],
  [{ ActiveState: "active", SubState: "waiting", UnitFileState: "enabled-runtime" }, true, false],
  [{ ActiveState: "active", SubState: "listening", UnitFileState: "linked" }, true, false],
  [{ ActiveState: "active", SubState: "exited", UnitFileState: "" }, true, undefined],
];

for (const [properties, running, enabled] of CASES) {
  Deno.test(`${JSON.stringify(properties)} is running: ${running}, enabled: ${enabled}`, async () => {
    const { manager } = withUnit({ LoadState: "loaded", ...properties });
    const status = await manager.inspect("x");
    assert.ok(status.known);
    assert.deepEqual([status.running, status.enabled], [running, enabled]);
  });
}

Deno.test("a masked unit says so, and so does one that ends when it is done", async () => {
  const masked = await withUnit({ LoadState: "masked", UnitFileState: "masked" }).manager
    .inspect("x");
  assert.deepEqual(masked.known && [masked.masked, masked.enabled], [true, false]);
  const inspect = async (properties: Readonly<Record<string, string>>) => {
    const status = await withUnit({ LoadState: "loaded", ...properties }).manager.inspect("x");
    return status.known ? status.cannotRun : "";
  };
  assert.match(await inspect({ Type: "oneshot", RemainAfterExit: "no" }) ?? "", /oneshot/);
  assert.equal(await inspect({ Type: "oneshot", RemainAfterExit: "yes" }), undefined);
  assert.equal(await inspect({ Type: "simple", RemainAfterExit: "no" }), undefined);
});

Deno.test("a unit that does not exist is not known", async () => {
  const { manager } = withUnit({ LoadState: "not-found", ActiveState: "inactive" });
  assert.deepEqual(await manager.inspect("ghost"), { known: false });
});

Deno.test("a changed unit file is loaded before the service is told anything", async () => {
  const { manager, processes } = withUnit({ LoadState: "loaded", NeedDaemonReload: "yes" });
  await manager.act("nginx", "restart");
  const words = processes.programs.map(({ argv }) => argv.slice(2).join(" "));
  assert.deepEqual(words.slice(1), ["daemon-reload", "restart -- nginx"]);
});

Deno.test("a refusal carries what systemctl said", async () => {
  const processes = new FakeProcesses(({ argv }) =>
    argv.includes("show") ? {} : { status: 1, stderr: "Unit nginx.service is masked.\n" }
  );
  await assert.rejects(
    new SystemdManager(processes).act("nginx", "start"),
    /^Error: systemctl --no-ask-password start -- nginx ended with status 1: Unit nginx.service is masked.$/,
  );
});
