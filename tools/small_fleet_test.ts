import assert from "node:assert/strict";
import { applyBundle } from "../agent/apply/apply_bundle.ts";
import { MemoryJournal } from "../agent/apply/notification_journal.ts";
import { NO_SNAPSHOTS } from "../agent/apply/snapshot_store.ts";
import { standardRegistry } from "../agent/resources/registry.ts";
import { openLocalMachine } from "../agent/system/local_machine.ts";
import { checkGuardrails } from "../shared/config/guardrails.ts";
import { checkStacks } from "../server/resolve/check_stacks.ts";
import { compileHost } from "../server/resolve/compile_host.ts";
import { formatProblem } from "../server/stacks/problem_list.ts";
import { readStackFolder } from "../server/stacks/read_stack_folder.ts";
import { TemporaryRoot } from "../tests/support/temporary_root.ts";

const TRAITS = {
  os: {
    hostname: "machine",
    arch: "x86_64",
    kernel: "6.1.0",
    name: "Debian GNU/Linux",
    distro: "debian",
    version: "12",
    family: "debian",
  },
  hardware: { cpu_count: 2 },
  memory: { total_mb: 4001 },
};

async function compileFleet(hostname: string, traits = TRAITS) {
  const { files, problems } = await readStackFolder(
    new URL("../examples/small-fleet", import.meta.url).pathname,
  );
  const checked = checkStacks(files);
  assert.deepEqual([...problems, ...checked.ok ? [] : checked.problems].map(formatProblem), []);
  assert.ok(checked.ok);
  const compiled = compileHost(checked.tree, { hostname, traits });
  assert.deepEqual(compiled.ok ? [] : compiled.problems.map(formatProblem), []);
  assert.ok(compiled.ok);
  return compiled.resources;
}

for (const hostname of ["web-1", "db-1", "mail-1"]) {
  Deno.test(`the small fleet compiles for ${hostname} and writes only below demo_root`, async () => {
    for (const { id, params } of await compileFleet(hostname)) {
      for (const path of [params.path, params.cwd, params.creates]) {
        if (path === undefined) continue;
        assert.match(String(path), /^\/srv\/vigo-example(\/|$)/, id);
      }
    }
  });
}

Deno.test("web hosts of the small fleet get a site from their traits, and a reload when it changes", async () => {
  const resources = await compileFleet("web-1");
  const site = resources.find(({ id }) => id === "file:site configuration");
  assert.deepEqual(site?.notify, ["exec:reload site"]);
  assert.match(String(site?.params.content), /worker_processes 2;\n\nserver \{\n {4}listen 8081;/);
  assert.match(String(site?.params.content), /location \/assets\/ \{\n {8}expires 7d;/);
  const reload = resources.find(({ id }) => id === "exec:reload site");
  assert.equal(reload?.when, "changed");
  assert.ok(resources.indexOf(reload) > resources.findIndex(({ type }) => type === "symlink"));
});

Deno.test("database hosts of the small fleet size their buffers by the memory they have", async () => {
  const resources = await compileFleet("db-1");
  const found = resources.find(({ id }) => id === "file:database configuration");
  assert.match(
    String(found?.params.content),
    /shared_buffers = 1000MB\nmax_worker_processes = 2\n/,
  );
});

Deno.test("one variable moves everything the small fleet writes, and may come from a trait", async () => {
  const demoRoot = "/tmp/demo/{{ traits.agent_self.hostname }}/managed";
  for (const hostname of ["web-1", "db-1", "hub"]) {
    const resources = await compileMoved(hostname, demoRoot);
    const paths = resources.flatMap(({ params }) => [params.path, params.cwd]);
    for (const path of paths.filter((each) => each !== undefined)) {
      assert.ok(`${path}/`.startsWith(`/tmp/demo/${hostname}/managed/`), `${path}`);
    }
  }
});

Deno.test("hosts that no pattern names get the base of the small fleet alone", async () => {
  const crates = new Set((await compileFleet("mail-1")).map(({ crate }) => crate));
  assert.deepEqual(crates, new Set(["base", "hardening"]));
});

for (const hostname of ["web-1", "db-1", "mail-1"]) {
  Deno.test(`what the small fleet gives ${hostname} settles in one run, and a second one finds nothing to do`, async () => {
    await using root = await TemporaryRoot.create();
    const resources = await compileMoved(hostname, root.join("managed"));
    const options = {
      registry: standardRegistry(),
      machine: await openLocalMachine(root.path),
      guardrails: checkGuardrails,
      journal: new MemoryJournal(),
      snapshots: NO_SNAPSHOTS,
      runId: crypto.randomUUID(),
      dryRun: false,
      signal: new AbortController().signal,
    };
    const first = await applyBundle(resources, options);
    assert.deepEqual(first.resources.filter(({ reason }) => reason !== undefined), []);
    assert.ok(first.resources.some(({ outcome }) => outcome === "created"));
    const second = await applyBundle(resources, options);
    const changed = second.resources.filter(({ outcome }) => outcome !== "none");
    // Commands that wait for a change are skipped when there is none.
    assert.deepEqual(changed.filter(({ outcome }) => outcome !== "skipped"), []);
    const reloads = await readIfPresent(root.join("managed/var/reloads.log"));
    assert.equal(reloads.split("\n").length - 1, hostname === "mail-1" ? 0 : 1);
  });
}

async function compileMoved(hostname: string, demoRoot: string) {
  const { files } = await readStackFolder(
    new URL("../examples/small-fleet", import.meta.url).pathname,
  );
  const bytes = new TextEncoder().encode(`vars: {demo_root: ${JSON.stringify(demoRoot)}}\n`);
  const checked = checkStacks(
    files.map((file) => file.path === "common.vgo" ? { ...file, bytes } : file),
  );
  assert.ok(checked.ok);
  const compiled = compileHost(checked.tree, { hostname, traits: TRAITS });
  assert.ok(compiled.ok);
  return compiled.resources;
}

async function readIfPresent(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
