import assert from "node:assert/strict";
import fc from "fast-check";
import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import { bundleResourceSchema } from "../../shared/config/policy_bundle.ts";
import { asksWhatMachineIs } from "../apply/decide_condition.ts";
import { FilledMarker } from "../apply/filled_mark.ts";
import type { Outcome, RunReport } from "../../shared/config/run_report.ts";
import {
  countStreak,
  judgeRun,
  nextRunSerial,
  NOTHING_SETTLED,
  readSettled,
  writeSettled,
} from "./settled_resources.ts";

function resource(name: string, content: string, notify: string[] = []): BundleResource {
  return bundleResourceSchema.parse({
    id: `file:${name}`,
    type: "file",
    name,
    crate: "c",
    source: "c.vgo:1:1",
    dependsOn: [],
    notify,
    params: { content },
  });
}

function report(root: string, outcomes: Readonly<Record<string, Outcome>>): RunReport {
  return {
    schema: 1,
    runId: crypto.randomUUID(),
    policyVersion: "v",
    root,
    startedAtMs: 1,
    durationMs: 1,
    trigger: "interval",
    dryRun: false,
    counts: {} as RunReport["counts"], // Not looked at here.
    resources: Object.entries(outcomes)
      .filter(([, outcome]) => outcome !== "none")
      .map(([name, outcome]) => ({ id: `file:${name}`, crate: "c", outcome, durationMs: 1 })),
    truncated: false,
  };
}

/** Runs in their order, and the causes that each told, by resource. */
function follow(
  runs: readonly (readonly [string, readonly BundleResource[], Record<string, Outcome>])[],
): Record<string, string | undefined>[] {
  let settled = NOTHING_SETTLED;
  return runs.map(([root, resources, outcomes]) => {
    const judged = judgeRun(report(root, outcomes), resources, settled);
    // As it comes back after a restart.
    settled = readSettled(writeSettled(judged.settled));
    return Object.fromEntries(
      judged.report.resources.map(({ id, cause }) => [id.slice("file:".length), cause]),
    );
  });
}

Deno.test("the first run of a policy is intentional, what is put back later is corrective", () => {
  const policy = [resource("a", "1"), resource("b", "1")];
  assert.deepEqual(
    follow([
      ["r1", policy, { a: "created", b: "none" }],
      ["r1", policy, { a: "none" }],
      ["r1", policy, { a: "updated" }],
      ["r1", policy, { a: "updated", b: "deleted" }],
    ]),
    [{ a: "intentional" }, {}, { a: "corrective" }, { a: "corrective", b: "corrective" }],
  );
});

Deno.test("a new policy makes intentional only what it changes", () => {
  const [old, same] = [resource("a", "1"), resource("b", "1")];
  assert.deepEqual(
    follow([
      ["r1", [old, same], { a: "created", b: "created" }],
      ["r2", [resource("a", "2"), same], { a: "updated", b: "updated" }],
    ])[1],
    { a: "intentional", b: "corrective" },
  );
});

Deno.test("drift under a new policy that changed nothing at first is still drift", () => {
  assert.deepEqual(
    follow([
      ["r1", [resource("a", "1")], { a: "created" }],
      ["r2", [resource("a", "2")], {}],
      ["r2", [resource("a", "2")], { a: "updated" }],
    ])[2],
    { a: "corrective" },
  );
});

Deno.test("an intention that failed stays one until it has succeeded", () => {
  const policy = [resource("a", "1")];
  assert.deepEqual(
    follow([
      ["r1", policy, { a: "failed" }],
      ["r1", policy, { a: "blocked" }],
      ["r1", policy, { a: "created" }],
      ["r1", policy, { a: "failed" }],
      ["r1", policy, { a: "updated" }],
    ]).map(({ a }) => a),
    ["intentional", "intentional", "intentional", "corrective", "corrective"],
  );
});

Deno.test("what only happens because it was told has the cause of what told it", () => {
  const policy = (content: string) => [
    resource("conf", content, ["file:restart"]),
    resource("restart", "-"),
  ];
  assert.deepEqual(
    follow([
      ["r1", policy("1"), {}],
      ["r2", policy("2"), { conf: "updated", restart: "updated" }],
      ["r2", policy("2"), { conf: "updated", restart: "updated" }],
    ]).slice(1),
    [
      { conf: "intentional", restart: "intentional" },
      { conf: "corrective", restart: "corrective" },
    ],
  );
});

Deno.test("what a policy forgets and asks for again is intentional", () => {
  const a = resource("a", "1");
  assert.deepEqual(
    follow([["r1", [a], { a: "created" }], ["r2", [], {}], ["r1", [a], { a: "created" }]])[2],
    { a: "intentional" },
  );
});

Deno.test("a change has a cause, corrective exactly if its definition is the one last settled", () => {
  const outcome = fc.constantFrom<Outcome>("none", "updated", "failed", "skipped", "unknown");
  const run = fc.record({ content: fc.constantFrom("1", "2"), outcome });
  fc.assert(fc.property(fc.array(run, { maxLength: 12 }), (runs) => {
    const causes = follow(
      runs.map(({ content, outcome }) =>
        [`root-${content}`, [resource("a", content)], { a: outcome }] as const
      ),
    );
    let settledAs: string | undefined;
    for (const [at, { content, outcome }] of runs.entries()) {
      const expected = settledAs === content ? "corrective" : "intentional";
      const isCaused = outcome === "updated" || outcome === "failed";
      assert.equal(causes[at]?.["a"], isCaused ? expected : undefined);
      if (outcome === "none" || outcome === "updated") settledAs = content;
    }
  }));
});

Deno.test("a report that was cut settles nothing that it does not name", () => {
  const policy = [resource("a", "1"), resource("b", "1")];
  const cut = { ...report("r1", { a: "created" }), truncated: true };
  const { settled } = judgeRun(cut, policy, NOTHING_SETTLED);
  assert.deepEqual(Object.keys(settled.digests), ["file:a"]);
  assert.equal(settled.isWhole, false);
});

/** A file whose text names a trait and, unless it is left out, a secret. */
function filledFile({ withSecret = true } = {}): BundleResource {
  return bundleResourceSchema.parse({
    ...resource("a", ""),
    params: {},
    deferred: [{
      at: "/content",
      value: {
        kind: "template",
        text: "{{ traits.os }} {{ vars.password }}",
        scope: { vars: { password: withSecret ? null : "" } },
        secrets: withSecret ? [{ at: "/vars/password", path: "db/password" }] : [],
      },
    }],
  });
}

/** Runs of one process that fill in a trait and a secret, each with the cause it told. */
function fillIn(
  runs: readonly { os?: string; secret?: string; epoch?: number; outcome: Outcome }[],
  start = NOTHING_SETTLED,
) {
  const marker = new FilledMarker(), file = filledFile();
  let settled = start;
  const causes = runs.map(({ os = "12", secret = "hunter2", epoch = 1, outcome }) => {
    const mark = marker.mark(
      file,
      { content: `${os} ${secret}` },
      { content: `${os} «secret»` },
    );
    const workedOut = {
      filled: new Map([["file:a", mark]]),
      secretEpoch: epoch,
      unwanted: new Set<string>(),
    };
    const judged = judgeRun(report("r1", { a: outcome }), [file], settled, workedOut);
    settled = judged.settled;
    return judged.report.resources[0]?.cause;
  });
  return { causes, settled };
}

Deno.test("a new trait in a template and a rotated secret are intentions under an unchanged policy", () => {
  const { causes } = fillIn([
    { outcome: "created" },
    { outcome: "updated" },
    { os: "13", outcome: "updated" },
    { os: "13", outcome: "updated" },
    { os: "13", secret: "hunter3", epoch: 2, outcome: "failed" },
    { os: "13", secret: "hunter3", epoch: 2, outcome: "updated" },
    { os: "13", secret: "hunter3", epoch: 2, outcome: "updated" },
  ]);
  const [intentional, corrective] = ["intentional", "corrective"];
  assert.deepEqual(causes, [
    intentional,
    corrective,
    intentional,
    corrective,
    intentional,
    intentional,
    corrective,
  ]);
});

/** Causes of runs of one policy, in each of which a condition holds or does not. */
function followCondition(
  expression: string,
  runs: readonly { readonly holds: boolean; readonly outcome?: Outcome }[],
) {
  const conditional = bundleResourceSchema.parse({
    ...resource("a", "1"),
    when: { expression, scope: { vars: {} } },
  });
  let settled = NOTHING_SETTLED;
  return runs.map(({ holds, outcome = "none" }) => {
    const unwanted = new Set(holds || !asksWhatMachineIs(conditional.when) ? [] : ["file:a"]);
    const workedOut = { filled: new Map(), secretEpoch: 0, unwanted };
    const judged = judgeRun(report("r1", { a: outcome }), [conditional], settled, workedOut);
    settled = readSettled(writeSettled(judged.settled));
    return judged.report.resources[0]?.cause;
  });
}

Deno.test("what a machine gets since it has become one that the policy means is intended, what it loses then is not", () => {
  const [intentional, corrective] = ["intentional", "corrective"];
  assert.deepEqual(
    followCondition("traits.memory.total_mb > 4096", [
      { holds: false },
      { holds: false },
      { holds: true, outcome: "failed" },
      { holds: true, outcome: "updated" },
      { holds: true },
      { holds: true, outcome: "updated" },
      { holds: false },
      { holds: true, outcome: "updated" },
    ]),
    [undefined, undefined, intentional, intentional, undefined, corrective, undefined, intentional],
  );
});

Deno.test("a machine that is found as wanted when a condition first holds drifts from there", () => {
  assert.deepEqual(
    followCondition("traits.memory.total_mb > 4096", [
      { holds: false },
      { holds: true },
      { holds: true, outcome: "updated" },
    ]),
    [undefined, undefined, "corrective"],
  );
});

Deno.test("a condition on what happens to the machine tells of drift", () => {
  for (const expression of ["!port_listening(80)", "changed && has_trait('os.family')"]) {
    assert.deepEqual(
      followCondition(expression, [{ holds: false }, { holds: true, outcome: "updated" }]),
      [undefined, "corrective"],
      expression,
    );
  }
});

Deno.test("the rotation of another secret makes no intention of drift", () => {
  const { causes } = fillIn([{ outcome: "created" }, { epoch: 2, outcome: "none" }, {
    epoch: 3,
    outcome: "updated",
  }]);
  assert.deepEqual(causes, ["intentional", undefined, "corrective"]);
});

Deno.test("after a restart a change is drift at the epoch of before, and an intention at another", () => {
  const kept = readSettled(writeSettled(fillIn([{ epoch: 7, outcome: "created" }]).settled));
  const causeAt = (epoch: number) => fillIn([{ epoch, outcome: "updated" }], kept).causes[0];
  assert.equal(causeAt(7), "corrective");
  assert.equal(causeAt(8), "intentional");
});

Deno.test("what is kept does not depend on the value of a secret", () => {
  const kept = (secret: string) => writeSettled(fillIn([{ secret, outcome: "created" }]).settled);
  assert.equal(kept("1234"), kept("4321"));
  assert.match(kept("1234"), /"file:a"/);
});

Deno.test("a filled template settles as the same text does that the server rendered", () => {
  const file = filledFile({ withSecret: false });
  const mark = new FilledMarker().mark(file, { content: "12 " }, undefined);
  const workedOut = {
    filled: new Map([["file:a", mark]]),
    secretEpoch: 0,
    unwanted: new Set<string>(),
  };
  const first = report("r1", { a: "created" });
  const { settled } = judgeRun(first, [file], NOTHING_SETTLED, workedOut);
  const rendered = resource("a", "12 ");
  const { report: judged } = judgeRun(report("r2", { a: "updated" }), [rendered], settled);
  assert.equal(judged.resources[0]?.cause, "corrective");
});

Deno.test("what cannot be read as settled resources counts as nothing", () => {
  for (
    const text of [undefined, "", "{", "[]", "null", '{"root":1}', '{"root":"","isWhole":true}']
  ) {
    assert.deepEqual(readSettled(text), NOTHING_SETTLED);
  }
});

Deno.test("runs are numbered upwards whatever the clock does, and a streak ends with a quiet run", () => {
  fc.assert(fc.property(fc.array(fc.nat()), (clocks) => {
    let last = 0;
    for (const nowMs of clocks) {
      const next = nextRunSerial(last, nowMs);
      assert.ok(next > last && next >= nowMs);
      last = next;
    }
  }));
  assert.deepEqual([countStreak(0, 2), countStreak(2, 1), countStreak(5, 0)], [1, 3, 0]);
});
