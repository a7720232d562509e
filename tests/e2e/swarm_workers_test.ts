import assert from "node:assert/strict";
import type { WorkersReport } from "../../agent/engine_host/examine_workers.ts";
import { createServer } from "node:net";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { TestFleet } from "../support/test_fleet.ts";

const VERB = ["swarm", "_examine-workers"];

/** A fleet whose one machine has checked in, and so knows whether its gates are open. */
function withMachine(
  enabled: readonly string[],
  test: (fleet: TestFleet) => Promise<void>,
): Promise<void> {
  return TestFleet.run(["hub"], async (fleet) => {
    await fleet.enrol(fleet.hub);
    const { code, stderr } = await fleet.vigo(fleet.hub, ["run", "--once"]);
    assert.equal(code, EXIT_CODE.ok, stderr);
    await test(fleet);
  }, { sections: { swarm: { enabled, payload: { enabled } } } });
}

async function examine(fleet: TestFleet) {
  const { code, stdout } = await fleet.vigo(fleet.hub, [...VERB, "--json"]);
  // The tests compare every member that they use.
  return { code, report: JSON.parse(stdout) as WorkersReport };
}

Deno.test("the swarm's workers say what they may do: no more than is documented", async () => {
  await withMachine(["*"], async (fleet) => {
    assert.deepEqual(await examine(fleet), {
      code: EXIT_CODE.ok,
      report: {
        deno: Deno.version.deno,
        engine: {
          state: "running",
          problem: "",
          rights: ["net", "read folder", "statfs", "write folder"],
        },
        hasher: { state: "works", problem: "", rights: ["read folder"] },
      },
    });
    const { stdout } = await fleet.vigo(fleet.hub, VERB);
    assert.match(stdout, /^engine {2}running; may: net, /m);
    const folder = `${fleet.hub.root}/var/lib/vigo/swarm`;
    const left = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
    assert.equal(left.includes(".hash-probe"), false);
  });
});

Deno.test("an engine whose port is taken is examined all the same", async () => {
  await withMachine(["*"], async (fleet) => {
    const { hostname, port } = fleet.hub.place;
    const occupant = createServer();
    await new Promise<void>((resolve) => occupant.listen(port, hostname, resolve));
    try {
      const { code, report } = await examine(fleet);
      assert.equal(code, EXIT_CODE.failed);
      assert.equal(report.engine.state, "failed");
      assert.match(report.engine.problem, /EADDRINUSE|[Aa]ddress already in use/);
      assert.equal(report.hasher.state, "works");
    } finally {
      await new Promise((resolve) => occupant.close(resolve));
    }
  });
});

Deno.test("workers are not examined beside a daemon, nor behind closed gates", async () => {
  await withMachine([], async (fleet) => {
    const closed = await fleet.vigo(fleet.hub, VERB);
    assert.equal(closed.code, EXIT_CODE.failed);
    assert.match(closed.stderr, /^error: Cannot examine .* has not opened the swarm .*\n$/);
    await fleet.startAgent(fleet.hub);
    const busy = await fleet.vigo(fleet.hub, VERB);
    assert.equal(busy.code, EXIT_CODE.refused);
    assert.match(busy.stderr, /vigo daemon \(pid \d+\) holds it/);
  });
});
