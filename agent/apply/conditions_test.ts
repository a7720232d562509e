import assert from "node:assert/strict";
import { applyResources, bundleResource, outcomesOf } from "../../tests/support/apply_resources.ts";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import { type MachineFacts, NO_FACTS } from "./machine_facts.ts";
import { MemoryJournal } from "./notification_journal.ts";

interface Scope {
  readonly vars: Record<string, Json>;
  readonly env?: string;
  readonly item?: Json;
}

/** A command that runs if a condition holds. */
function conditional(expression: string, scope: Scope = { vars: {} }, id = "exec:c") {
  return bundleResource(id, { params: { command: "true" }, when: { expression, scope } });
}

const FACTS: MachineFacts = {
  traits: {
    os: { family: "debian", distro: "ubuntu", type: "linux" },
    container: { inside: false },
    memory: { total_mb: 4096 },
  },
  failedCollectors: ["cloud"],
  listeningPorts: () => Promise.resolve(new Set([22, 443])),
};

const SCOPE: Scope = { vars: { port: 443, roles: ["web"] }, env: "production", item: { n: 7 } };

const DECIDED: readonly [string, "updated" | "none"][] = [
  ["traits.memory.total_mb >= 4096", "updated"],
  ["traits.memory.total_mb > 4096", "none"],
  ['os_family("debian") && !is_container()', "updated"],
  ['has_trait("memory.total_mb") && !has_trait("memory.swap")', "updated"],
  ["port_listening(443) && !port_listening(80)", "updated"],
  ["port_listening(80)", "none"],
  ['env == "production" && item.n == 7 && "web" in vars.roles', "updated"],
  ["vars.port == 80", "none"],
  ["changed", "none"],
  ['!changed && os_family("ubuntu")', "updated"],
  ["traits.cloud.provider == 'aws' && false", "none"],
];

for (const [expression, outcome] of DECIDED) {
  Deno.test(`when: ${expression} is ${outcome === "updated"} on the machine`, async () => {
    await using machine = await TemporaryMachine.create();
    const bundle = [conditional(expression, SCOPE)];
    const applied = await applyResources(machine, bundle, { facts: FACTS });
    assert.deepEqual(outcomesOf(applied), { "exec:c": outcome });
  });
}

Deno.test("a run tells what the policy wants nothing of, unless it waits for something to happen", async () => {
  await using machine = await TemporaryMachine.create();
  const bundle = [
    conditional("traits.memory.total_mb > 4096", SCOPE, "exec:small"),
    conditional("traits.memory.total_mb > 1024", SCOPE, "exec:large"),
    conditional("port_listening(80)", SCOPE, "exec:port"),
    conditional("changed", SCOPE, "exec:told"),
    conditional("traits.cloud.provider == 'aws'", SCOPE, "exec:unknown"),
  ];
  const { unwanted } = await applyResources(machine, bundle, { facts: FACTS });
  assert.deepEqual([...unwanted], ["exec:small"]);
});

const UNKNOWN: readonly [string, string][] = [
  [
    "traits.memory.totl_mb > 1",
    'cannot decide "when: traits.memory.totl_mb > 1" at character 1: ' +
    'undefined name "traits.memory.totl_mb". Did you mean "traits.memory.total_mb"?',
  ],
  [
    "vars.port > 'a'",
    `cannot decide "when: vars.port > 'a'" at character 11: ">" cannot be used with 443 and "a"`,
  ],
  [
    "traits.cloud.provider == 'aws'",
    `cannot decide "when: traits.cloud.provider == 'aws'": the trait collector cloud failed`,
  ],
];

for (const [expression, reason] of UNKNOWN) {
  Deno.test(`when: ${expression} cannot be known, with the reason, and is never taken for false`, async () => {
    await using machine = await TemporaryMachine.create();
    const bundle = [
      conditional(expression, SCOPE),
      bundleResource("exec:after", { params: { command: "true" }, dependsOn: ["exec:c"] }),
    ];
    const real = outcomesOf(await applyResources(machine, bundle, { facts: FACTS }));
    assert.equal(real["exec:c"], `unknown: ${reason}`);
    assert.equal(real["exec:after"], "skipped: depends on exec:c, which is unknown");
    const dry = outcomesOf(await applyResources(machine, bundle, { facts: FACTS, dryRun: true }));
    assert.equal(dry["exec:after"], "unknown: depends on unknown exec:c");
  });
}

Deno.test("what depends on a resource whose condition does not hold goes on", async () => {
  await using machine = await TemporaryMachine.create();
  const bundle = [
    conditional("is_container()"),
    bundleResource("exec:after", { params: { command: "true" }, dependsOn: ["exec:c"] }),
  ];
  assert.deepEqual(outcomesOf(await applyResources(machine, bundle, { facts: FACTS })), {
    "exec:c": "none",
    "exec:after": "updated",
  });
});

Deno.test("ports are looked at when the resource's turn comes, and only if its condition asks", async () => {
  await using machine = await TemporaryMachine.create();
  let looks = 0;
  const marker = machine.root.join("started");
  const facts: MachineFacts = {
    ...FACTS,
    listeningPorts: async () => {
      looks++;
      return new Set(await machine.files.inspect(marker) === undefined ? [] : [8080]);
    },
  };
  const bundle = [
    conditional("has_trait('os')", undefined, "exec:other"),
    conditional("port_listening(8080)", undefined, "exec:before"),
    bundleResource("exec:start", { params: { command: `touch ${marker}` } }),
    conditional("port_listening(8080)", undefined, "exec:after"),
  ];
  assert.deepEqual(outcomesOf(await applyResources(machine, bundle, { facts })), {
    "exec:other": "updated",
    "exec:before": "none",
    "exec:start": "updated",
    "exec:after": "updated",
  });
  assert.equal(looks, 2);
});

Deno.test("a port cannot be known where the system does not tell, nor in a dry run before what comes first", async () => {
  await using machine = await TemporaryMachine.create();
  const blind = await applyResources(machine, [conditional("port_listening(80)")], {
    facts: { ...FACTS, listeningPorts: NO_FACTS.listeningPorts },
  });
  assert.equal(
    outcomesOf(blind)["exec:c"],
    'unknown: cannot decide "when: port_listening(80)": the system does not tell which ports are open',
  );
  const bundle = [
    bundleResource("exec:start", { params: { command: "true" } }),
    { ...conditional("port_listening(22)"), dependsOn: [bundleResource("exec:start").id] },
  ];
  const dry = await applyResources(machine, bundle, { facts: FACTS, dryRun: true });
  assert.equal(
    outcomesOf(dry)["exec:c"],
    'unknown: cannot decide "when: port_listening(22)" before exec:start has changed',
  );
});

/** A file that notifies a command with a condition, which fails until `allowed` is there. */
function chain(machine: TemporaryMachine, expression: string) {
  return [
    bundleResource("file:conf", {
      params: { path: machine.root.join("conf"), content: "x" },
      notify: ["exec:reload"],
    }),
    bundleResource("exec:reload", {
      params: { command: "test -e allowed", cwd: machine.root.path },
      when: { expression, scope: { vars: {} } },
    }),
  ];
}

Deno.test("changed in a condition is owed until its receiver has acted, over any number of runs", async () => {
  await using machine = await TemporaryMachine.create();
  const bundle = chain(machine, 'changed && os_family("debian")');
  const journal = new MemoryJournal();
  const apply = () => applyResources(machine, bundle, { journal, facts: FACTS });
  assert.match(outcomesOf(await apply())["exec:reload"] ?? "", /^failed/);
  assert.deepEqual(await journal.load(), ["exec:reload"]);
  assert.match(outcomesOf(await apply())["exec:reload"] ?? "", /^failed/);
  await Deno.writeTextFile(machine.root.join("allowed"), "");
  assert.equal(outcomesOf(await apply())["exec:reload"], "updated");
  assert.deepEqual(await journal.load(), []);
  assert.equal(outcomesOf(await apply())["exec:reload"], "none");
});

Deno.test("a condition that was told and does not hold is owed nothing; one that cannot be decided is", async () => {
  await using machine = await TemporaryMachine.create();
  const journal = new MemoryJournal();
  const bundle = chain(machine, "changed && is_container()");
  assert.equal(
    outcomesOf(await applyResources(machine, bundle, { journal, facts: FACTS }))["exec:reload"],
    "none",
  );
  assert.deepEqual(await journal.load(), []);
  await Deno.remove(machine.root.join("conf"));
  const undecided = chain(machine, "changed && traits.cloud.spot");
  const applied = await applyResources(machine, undecided, { journal, facts: FACTS });
  assert.match(outcomesOf(applied)["exec:reload"] ?? "", /^unknown: cannot decide/);
  assert.deepEqual(await journal.load(), ["exec:reload"]);
});

Deno.test("in a dry run changed follows what would change, and cannot be known of what is unknown", async () => {
  await using machine = await TemporaryMachine.create();
  const dry = async (expression: string) =>
    outcomesOf(
      await applyResources(machine, chain(machine, expression), { facts: FACTS, dryRun: true }),
    )["exec:reload"];
  assert.equal(await dry("changed"), "would_change");
  // A folder where the file should be is for a person to decide about.
  await Deno.mkdir(machine.root.join("conf"));
  const unknown = "unknown: runs if file:conf changes, which is unknown";
  assert.equal(await dry("changed"), unknown);
  assert.equal(await dry("changed && !is_container()"), unknown);
  assert.equal(await dry("changed && is_container()"), "none");
  assert.equal(await dry("changed || !is_container()"), "would_change");
});
