import assert from "node:assert/strict";
import { merkleRoot } from "../../shared/config/policy_bundle.ts";
import { runReportSchema } from "../../shared/config/run_report.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { fakeLog } from "../runtime/fake_log.ts";
import { fakeSystem } from "../traits/fake_system.ts";
import { openPolicyApplier } from "./apply_policy.ts";
import { MemoryJournal } from "./notification_journal.ts";
import { NO_SECRETS } from "./secret_source.ts";
import { MemoryTraceStore } from "./secret_traces.ts";

Deno.test("a dry run tells which grants would go, and the next run takes them", async () => {
  await using machine = await TemporaryMachine.create();
  const path = `${machine.policyFolder}/tom.json`;
  await Deno.mkdir(machine.policyFolder);
  await Deno.writeTextFile(path, JSON.stringify({ user: "tom", poolq: true }));
  const apply = await openPolicyApplier({
    paths: rootPaths(machine.root.path),
    stateFolder: machine.root.join("var/lib/vigo"),
    journal: new MemoryJournal(),
    secrets: NO_SECRETS,
    secretTraces: new MemoryTraceStore(),
    hostname: "web-1",
    system: fakeSystem(),
    log: fakeLog(),
  });
  const run = async (dryRun: boolean) => {
    const shown: (string | undefined)[] = [];
    const { report } = await apply({
      schema: 1,
      envoyUuid: crypto.randomUUID(),
      serial: 1,
      policyVersion: "1",
      root: merkleRoot([]).toHex(),
      issuedAtMs: 0,
      resources: [],
    }, {
      runId: crypto.randomUUID(),
      trigger: "manual",
      dryRun,
      traits: {},
      failedCollectors: [],
      signal: new AbortController().signal,
      onResource: ({ diff }) => shown.push(diff),
    });
    runReportSchema.parse(report);
    assert.equal(report.counts.would_change, shown.length);
    return shown;
  };
  const line = `${path}: present → absent, since no resource names tom`;
  assert.deepEqual(await run(true), [line]);
  assert.deepEqual(await run(true), [line], "a dry run changes nothing");
  assert.deepEqual(await run(false), []);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(machine.policyFolder)), []);
  assert.deepEqual(await run(true), []);
});
