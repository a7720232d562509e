import assert from "node:assert/strict";
import { z } from "zod";
import { applyBundle } from "../../agent/apply/apply_bundle.ts";
import { MemoryJournal } from "../../agent/apply/notification_journal.ts";
import { NO_SNAPSHOTS } from "../../agent/apply/snapshot_store.ts";
import { literalParameters } from "../../agent/resources/bind_resource.ts";
import { Registry } from "../../agent/resources/registry.ts";
import type { ApplyContext, ResourceType } from "../../agent/resources/resource.ts";
import type { Machine } from "../../agent/system/machine.ts";
import { bundleResourceSchema } from "../../shared/config/policy_bundle.ts";
import type { ResourceReport } from "../../shared/config/run_report.ts";
import type { RealMachine } from "./real_machine.ts";
import { TemporaryMachine } from "./temporary_machine.ts";

type Params = Readonly<Record<string, unknown>>;

/** Parameters as they come out of a bundle. */
const jsonParams = z.record(z.string(), z.json());

/** A machine that the contract can look at as a whole. */
export interface ContractMachine extends Machine {
  context(overrides?: Partial<ApplyContext>): ApplyContext;
  /** All that resources may change, as text: two equal ones mean that nothing has changed between them. */
  fingerprint(): Promise<string>;
}

/** One way to use a resource type, for the contract that all of them keep. */
export interface ContractCase<M extends ContractMachine = TemporaryMachine> {
  /** Reads as "file: …". */
  readonly title: string;
  /** Makes the machine such that the parameters would change something, and returns the parameters. */
  prepare(machine: M): Promise<Params>;
  /** Undoes by hand what was applied; without it there is nothing that can drift. */
  tamper?(machine: M): Promise<unknown>;
  /** Looks at the result without the resource type: that the right thing was done. */
  verify?(machine: M): Promise<unknown>;
  readonly ignore?: boolean;
}

/** A state of the machine in which the type cannot know what is, or what to do. */
export interface UnknownCase {
  readonly title: string;
  prepare(machine: TemporaryMachine): Promise<Params>;
  /** What the finding says. */
  readonly reason: RegExp;
  readonly ignore?: boolean;
}

/** Parameters that are refused, and what the refusal has to name. */
export interface BadParameters {
  readonly params: Params;
  /** The parameter that is wrong, as it is written: `mode`, `authorized_keys`. */
  readonly names: string;
}

/** Everything the contract needs to know of one type; one file for each type in `tests/support/resource_cases/`. */
export interface ResourceContract {
  readonly type: string;
  readonly bad: readonly BadParameters[];
  readonly unknown: readonly UnknownCase[];
  readonly cases: readonly ContractCase[];
  /** Cases that change a real machine: packages, services, mounts. They run in one that is thrown away. */
  readonly realCases: readonly ContractCase<RealMachine>[];
  /** Registers the tests that need no machine but a temporary one. */
  test(): void;
  /** Runs one of `realCases`, each step through `step`. */
  exercise(
    contractCase: ContractCase<RealMachine>,
    machine: RealMachine,
    step: Step,
  ): Promise<void>;
}

/** Runs a named step; a failed one rejects, or answers `false`. */
export type Step = (name: string, run: () => Promise<void>) => Promise<unknown>;

export function resourceContract<P>(
  type: ResourceType<P>,
  { bad, unknown, cases, realCases = [] }: {
    readonly bad: readonly BadParameters[];
    readonly unknown: readonly UnknownCase[];
    readonly cases: readonly ContractCase[];
    readonly realCases?: readonly ContractCase<RealMachine>[];
  },
): ResourceContract {
  return {
    type: type.type,
    bad,
    unknown,
    cases,
    realCases,
    test: () => {
      testParameters(type, bad);
      for (const unknownCase of unknown) testUnknown(type, unknownCase);
      for (const contractCase of cases) {
        Deno.test({
          name: `${type.type}: ${contractCase.title}`,
          ignore: contractCase.ignore ?? false,
          fn: async (t) => {
            await using machine = await TemporaryMachine.create();
            await exercise(type, contractCase, machine, (name, run) => t.step(name, run));
          },
        });
      }
    },
    exercise: (contractCase, machine, step) => exercise(type, contractCase, machine, step),
  };
}

function testParameters<P>(type: ResourceType<P>, bad: readonly BadParameters[]): void {
  const registry = new Registry().register(type);
  const always = [{ params: { surprise: 1 }, names: "surprise" }];
  for (const { params, names } of [...always, ...bad]) {
    Deno.test(`${type.type}: ${JSON.stringify(params)} is refused with a reason that names "${names}"`, () => {
      const binding = registry.bind(type.type, literalParameters(jsonParams.parse(params)));
      const reason = binding.ok ? "accepted" : binding.reason;
      assert.match(
        reason,
        new RegExp(`^Cannot read the parameters of ${type.type}: .*\\b${names}\\b`),
      );
      // What the validator says where nobody has thought of what to say.
      assert.doesNotMatch(reason, /Invalid input/);
    });
  }
}

function testUnknown<P>(
  type: ResourceType<P>,
  { title, prepare, reason, ignore }: UnknownCase,
): void {
  Deno.test({
    name: `${type.type}: ${title}: it cannot be known, and nothing is changed`,
    ignore: ignore ?? false,
    fn: async () => {
      await using machine = await TemporaryMachine.create();
      const params = await prepare(machine);
      const before = await machine.fingerprint();
      for (const dryRun of [true, false]) {
        const report = await applyOne(type, params, machine, dryRun);
        assert.equal(report?.outcome, "unknown", JSON.stringify(report));
        assert.match(report?.reason ?? "", reason);
      }
      assert.equal(await machine.fingerprint(), before);
    },
  });
}

/**
 * The contract itself: a check changes nothing, a dry run tells exactly what a real run then does, applying settles, a
 * second run does nothing, and what is tampered with is found and healed.
 */
async function exercise<P, M extends ContractMachine>(
  type: ResourceType<P>,
  { prepare, tamper, verify }: ContractCase<M>,
  machine: M,
  step: Step,
): Promise<void> {
  const written = await prepare(machine);
  const params = type.schema.parse(written);
  const settled = async () => {
    assert.deepEqual(await type.check(params, machine.context()), { kind: "in_sync" });
    await verify?.(machine);
  };

  await stepOrThrow(step, "a check says what would change, and changes nothing", async () => {
    const before = await machine.fingerprint();
    const first = await type.check(params, machine.context());
    const second = await type.check(params, machine.context());
    assert.equal(first.kind, "would_change", JSON.stringify(first));
    assert.deepEqual(second, first);
    assert.equal(await machine.fingerprint(), before);
  });

  await stepOrThrow(step, "a dry run tells exactly what a real run then does", async () => {
    const finding = await type.check(params, machine.context());
    const before = await machine.fingerprint();
    const dry = await applyOne(type, written, machine, true);
    assert.equal(await machine.fingerprint(), before);
    assert.deepEqual({ kind: dry?.outcome, diff: dry?.diff }, finding);
    const real = await applyOne(type, written, machine, false);
    assert.match(real?.outcome ?? "", /^(created|updated|deleted)$/, JSON.stringify(real));
    assert.equal(real?.diff, dry?.diff);
    await settled();
  });

  await stepOrThrow(step, "a second run changes nothing", async () => {
    const before = await machine.fingerprint();
    assert.equal((await applyOne(type, written, machine, false))?.outcome, "none");
    assert.equal(await machine.fingerprint(), before);
  });

  if (tamper === undefined) return;
  await stepOrThrow(step, "what is changed by hand is found and healed", async () => {
    await tamper(machine);
    const finding = await type.check(params, machine.context());
    assert.equal(finding.kind, "would_change", JSON.stringify(finding));
    assert.notEqual(await type.apply(params, machine.context()), "none");
    await settled();
  });
}

/** The steps build on each other: after a failed one the others would fail for its reason. */
async function stepOrThrow(step: Step, name: string, run: () => Promise<void>): Promise<void> {
  let failure: unknown;
  const passed = await step(name, async () => {
    try {
      await run();
    } catch (error) {
      failure = error;
      throw error;
    }
  });
  if (passed === false) throw failure;
}

async function applyOne<P>(
  type: ResourceType<P>,
  params: Params,
  machine: ContractMachine,
  dryRun: boolean,
): Promise<ResourceReport | undefined> {
  const resource = bundleResourceSchema.parse({
    id: `${type.type}:case`,
    type: type.type,
    name: "case",
    crate: "contract",
    source: "contract.vgo:1:1",
    dependsOn: [],
    notify: [],
    params,
  });
  const { resources } = await applyBundle([resource], {
    registry: new Registry().register(type),
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
