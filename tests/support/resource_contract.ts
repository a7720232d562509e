import assert from "node:assert/strict";
import { applyBundle } from "../../agent/apply/apply_bundle.ts";
import { MemoryJournal } from "../../agent/apply/notification_journal.ts";
import { NO_SNAPSHOTS } from "../../agent/apply/snapshot_store.ts";
import { Registry } from "../../agent/resources/registry.ts";
import type { ApplyContext, ResourceType } from "../../agent/resources/resource.ts";
import { bundleResourceSchema } from "../../shared/config/policy_bundle.ts";
import type { ResourceReport } from "../../shared/config/run_report.ts";
import { TemporaryMachine } from "./temporary_machine.ts";

/** One way to use a resource type, for the contract that all of them keep. */
export interface ContractCase {
  /** Reads as "file: …". */
  readonly title: string;
  /** Makes the machine such that the parameters would change something, and returns the parameters. */
  prepare(machine: TemporaryMachine): Promise<Readonly<Record<string, unknown>>>;
  /** Undoes by hand what was applied; without it there is nothing that can drift. */
  tamper?(machine: TemporaryMachine): Promise<void>;
}

/**
 * Registers the tests that every resource type has to pass, for each of its cases: bad parameters are refused, a check
 * changes nothing, applying settles, a second run does nothing, and what is tampered with is found and healed.
 */
export function testResourceContract<Params>(
  type: ResourceType<Params>,
  bad: readonly Readonly<Record<string, unknown>>[],
  cases: readonly ContractCase[],
): void {
  const registry = new Registry().register(type);

  Deno.test(`${type.type}: bad parameters are refused with a reason that names the type`, () => {
    for (const params of [{}, { surprise: 1 }, ...bad]) {
      const binding = registry.bind(type.type, params);
      assert.match(
        binding.ok ? "accepted" : binding.reason,
        new RegExp(`parameters of ${type.type}`),
      );
    }
  });

  for (const { title, prepare, tamper } of cases) {
    Deno.test(`${type.type}: ${title}: a check says what would change, and changes nothing`, async () => {
      await using machine = await TemporaryMachine.create();
      const params = type.schema.parse(await prepare(machine));
      const before = await machine.fingerprint();
      const first = await type.check(params, machine.context());
      const second = await type.check(params, machine.context());
      assert.equal(first.kind, "would_change");
      assert.deepEqual(second, first);
      assert.equal(await machine.fingerprint(), before);
    });

    Deno.test(`${type.type}: ${title}: what is applied is in sync, and applying ends there`, async () => {
      await using machine = await TemporaryMachine.create();
      const params = type.schema.parse(await prepare(machine));
      await applyAndSettle(type, params, machine.context());
      const settled = await machine.fingerprint();
      assert.deepEqual(await type.check(params, machine.context()), { kind: "in_sync" });
      assert.equal(await machine.fingerprint(), settled);
    });

    Deno.test(`${type.type}: ${title}: a dry run tells exactly what a real run then does`, async () => {
      await using machine = await TemporaryMachine.create();
      const params = await prepare(machine);
      const finding = await type.check(type.schema.parse(params), machine.context());
      const before = await machine.fingerprint();
      const dry = await applyOne(registry, type.type, params, machine, true);
      assert.equal(await machine.fingerprint(), before);
      assert.deepEqual({ kind: dry?.outcome, diff: dry?.diff }, finding);
      const real = await applyOne(registry, type.type, params, machine, false);
      assert.match(real?.outcome ?? "", /^(created|updated|deleted)$/);
      assert.equal(real?.diff, dry?.diff);
      const again = await applyOne(registry, type.type, params, machine, false);
      assert.equal(again?.outcome, "none");
    });

    if (tamper === undefined) continue;
    Deno.test(`${type.type}: ${title}: what is changed by hand is found and healed`, async () => {
      await using machine = await TemporaryMachine.create();
      const params = type.schema.parse(await prepare(machine));
      await applyAndSettle(type, params, machine.context());
      await tamper(machine);
      await applyAndSettle(type, params, machine.context());
    });
  }
}

async function applyOne(
  registry: Registry,
  type: string,
  params: Readonly<Record<string, unknown>>,
  machine: TemporaryMachine,
  dryRun: boolean,
): Promise<ResourceReport | undefined> {
  const resource = bundleResourceSchema.parse({
    id: `${type}:case`,
    type,
    name: "case",
    crate: "contract",
    source: "contract.vgo:1:1",
    dependsOn: [],
    notify: [],
    params,
  });
  const { resources } = await applyBundle([resource], {
    registry,
    machine,
    guardrails: () => ({ ok: true }),
    journal: new MemoryJournal(),
    snapshots: NO_SNAPSHOTS,
    runId: crypto.randomUUID(),
    dryRun,
    signal: new AbortController().signal,
  });
  return resources[0];
}

async function applyAndSettle<Params>(
  type: ResourceType<Params>,
  params: Params,
  context: ApplyContext,
): Promise<void> {
  const finding = await type.check(params, context);
  assert.equal(finding.kind, "would_change", JSON.stringify(finding));
  assert.notEqual(await type.apply(params, context), "none");
  assert.deepEqual(await type.check(params, context), { kind: "in_sync" });
}
