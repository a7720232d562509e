import assert from "node:assert/strict";
import { join } from "node:path";
import { programCommand } from "../support/run_program.ts";
import { eventually } from "../support/eventually.ts";
import { TestProcess } from "../support/process.ts";
import { sendSignal } from "../support/signal.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { ENVIRONMENT, TestFleet } from "../support/test_fleet.ts";

const START_DEADLINE_MS = 180_000;
/** Runs what follows with the right to write a core file of any size. */
const UNLIMITED = ["-c", 'ulimit -c unlimited; exec "$@"', "sh"];

/** Whether this kernel writes cores into the working folder of whoever crashed, and this process may let it. */
async function coresAreWritten(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  await using folder = await TemporaryRoot.create();
  const crash = TestProcess.start("sh", [...UNLIMITED, "sh", "-c", "kill -SEGV $$"], {
    cwd: folder.path,
  });
  await crash.exited;
  return (await filesIn(folder.path)).length > 0;
}

async function filesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) names.push(name);
  return names;
}

Deno.test({
  name: "a daemon that crashes where any other program leaves a core file leaves none",
  ignore: !await coresAreWritten(),
  fn: () =>
    TestFleet.run(["hub"], async (fleet) => {
      const { hub } = fleet;
      await fleet.enrol(hub);
      const folder = join(hub.root, "cores");
      await Deno.mkdir(folder);
      const daemon = programCommand("vigo", ["daemon", "--root", hub.root]);
      await using agent = TestProcess.start("sh", [...UNLIMITED, Deno.execPath(), ...daemon], {
        cwd: folder,
        env: ENVIRONMENT,
      });
      await eventually(
        "the daemon answers on its socket",
        async () => (await fleet.status(hub)).pid === agent.pid,
        START_DEADLINE_MS,
      );
      const limits = await Deno.readTextFile(`/proc/${agent.pid}/limits`);
      assert.match(limits, /^Max core file size +0 /m);
      // The runtime takes the first for a fault of its own code, and gives up its handler; a real fault comes again by itself.
      await eventually("the daemon crashed", () => {
        if (agent.status === undefined) sendSignal(agent.pid, "SIGSEGV");
        return agent.status !== undefined;
      });
      const { signal, code } = await agent.exited;
      assert.ok(signal === "SIGSEGV" || code === 139, `${signal} ${code}`);
      assert.deepEqual(await filesIn(folder), []);
    }),
});
