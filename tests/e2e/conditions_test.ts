/** What only a machine can decide: conditions, templates and chains of changes, with a real server and a real agent. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { agentPaths } from "../../agent/store/agent_paths.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { runList, runShow } from "../../shared/rest/runs.ts";
import { eventually } from "../support/eventually.ts";
import { findFreePort } from "../support/free_port.ts";
import { type FleetHost, TestFleet } from "../support/test_fleet.ts";

const DEADLINE_MS = 180_000;

/** Two files that tell one command, a file for a port that is open, and one for a trait that nobody tells yet. */
function stacks(folder: string, port: number): Record<string, string> {
  return {
    "envoys.vgo": 'envoys:\n  - match: "*"\n    configcrates: [app]\n',
    "configcrates/app.vgo": `
name: app
vars: { managed: ${JSON.stringify(folder)}, port: ${port} }
resources:
  - directory: "{{ vars.managed }}"
  - file: "{{ vars.managed }}/{{ item }}.conf"
    foreach: [a, b]
    content: "{{ item }} at {{ traits.site.rack }}\\n"
    when: "!has_trait('site.dark')"
    notify: ["exec:reload"]
  - exec: reload
    command: echo reloaded >> reloads
    cwd: "{{ vars.managed }}"
    when: "changed && !port_listening(vars.port)"
  - file: "{{ vars.managed }}/open"
    content: "{{ vars.port }}\\n"
    when: port_listening(vars.port)
  - file: "{{ vars.managed }}/after"
    content: ""
    depends_on: ["file:{{ vars.managed }}/a.conf"]
`,
  };
}

/** What the last reported run says of a resource. */
function reported(fleet: TestFleet, hostname: string, id: string, expected: RegExp) {
  return eventually(`${id} of ${hostname} is reported as ${expected}`, async () => {
    const { runs } = await fleet.ask(runList, "runs", "list", "--host", hostname);
    for (const { runId } of runs) {
      const { report } = await fleet.ask(runShow, "runs", "show", runId);
      const found = report.resources.find((resource) => resource.id === id);
      if (found && expected.test(`${found.outcome}: ${found.reason ?? ""}`)) return true;
    }
    return false;
  }, DEADLINE_MS);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A collector of the operator's, as of the next time that stable traits are read. */
async function tellTrait({ root }: FleetHost, name: string, value: unknown): Promise<void> {
  const folder = join(agentPaths(rootPaths(root)).configFolder, "traits.d");
  await Deno.mkdir(folder, { recursive: true });
  await Deno.chmod(folder, 0o755);
  await Deno.writeTextFile(join(folder, name), `#!/bin/sh\necho '${JSON.stringify(value)}'\n`);
  await Deno.chmod(join(folder, name), 0o755);
}

Deno.test("what the server cannot know is decided on the machine, with the server or without it", async (t) => {
  await TestFleet.run(["hub"], async (fleet) => {
    const { hub } = fleet;
    const managed = join(hub.root, "managed");
    const port = findFreePort();
    const step = async (name: string, perform: () => Promise<void>) => {
      if (!await t.step(name, perform)) throw new Error(`the story ended at: ${name}`);
    };
    const run = async (...flags: string[]) => (await fleet.vigo(hub, ["run", ...flags])).stdout;
    const reloads = async () =>
      await isThere(join(managed, "reloads"))
        ? (await Deno.readTextFile(join(managed, "reloads"))).split("\n").length - 1
        : 0;

    await step(
      "a template that names a trait which nobody tells is unknown, and skips what depends on it",
      async () => {
        await fleet.join();
        await fleet.stage(stacks(managed, port));
        await fleet.cli("config", "publish", "-m", "first");
        const missing = /^unknown: cannot fill in "content": undefined name "traits\.site/;
        await reported(fleet, "hub", `file:${managed}/a.conf`, missing);
        await reported(
          fleet,
          "hub",
          `file:${managed}/after`,
          /^skipped: .*a\.conf, which is unknown/,
        );
        assert.equal(await isThere(join(managed, "a.conf")), false);
      },
    );

    await step(
      "a dry run says so too, and for the command that is told",
      async () => {
        const said = await run("--dry-run");
        assert.match(said, /unknown +file:.*after: depends on unknown file:.*a\.conf/);
        assert.match(said, /unknown +exec:reload: depends on unknown file:.*a\.conf/);
        assert.equal(await reloads(), 0);
      },
    );

    await step(
      "without the server the machine fills the template in once the trait is told, and the chain goes on",
      async () => {
        await fleet.stopServer();
        await fleet.stopAgent(hub);
        await tellTrait(hub, "site", { rack: "r7" });
        const said = (await fleet.vigo(hub, ["run", "--once"])).stdout;
        assert.match(said, /created +file:.*a\.conf/);
        assert.equal(await Deno.readTextFile(join(managed, "a.conf")), "a at r7\n");
        assert.equal(await Deno.readTextFile(join(managed, "b.conf")), "b at r7\n");
        assert.ok(await isThere(join(managed, "after")));
        // Told twice in one run, it ran once.
        assert.equal(await reloads(), 1);
        assert.equal(await isThere(join(managed, "open")), false);
      },
    );

    await step("a port that opens decides at the next run, whatever the server knows", async () => {
      await fleet.startServer();
      await fleet.startAgent(hub);
      {
        using _listener = Deno.listen({ hostname: "127.0.0.1", port });
        await eventually("the port is noticed", () => isThere(join(managed, "open")), DEADLINE_MS);
        // A change while the port is open tells a command that need not act.
        await Deno.writeTextFile(join(managed, "a.conf"), "drift\n");
        await eventually(
          "the drift is mended",
          async () => await Deno.readTextFile(join(managed, "a.conf")) === "a at r7\n",
          DEADLINE_MS,
        );
        await run();
      }
      await run();
      assert.equal(await reloads(), 1);
      await Deno.remove(join(managed, "b.conf"));
      await eventually("the command runs", async () => await reloads() === 2, DEADLINE_MS);
    });

    await step("a trait that appears turns off what must not be where it is", async () => {
      await tellTrait(hub, "site", { rack: "r7", dark: true });
      await fleet.stopAgent(hub);
      await fleet.startAgent(hub);
      await Deno.remove(join(managed, "a.conf"));
      const said = await run();
      assert.doesNotMatch(said, /failed|unknown/);
      assert.equal(await isThere(join(managed, "a.conf")), false);
    });
  });
});
