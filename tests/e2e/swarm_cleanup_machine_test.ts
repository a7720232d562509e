/** `vigocli swarm cleanup` as operators have it: a task by which a machine's own `vigo` asks its daemon. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { envoyList } from "../../shared/rest/envoys.ts";
import { taskResultSchema, taskRun } from "../../shared/rest/tasks.ts";
import { programCommand } from "../support/run_program.ts";
import { denoFolder } from "../support/deno_folder.ts";
import { eventually } from "../support/eventually.ts";
import { MachineFleet } from "../support/machine_fleet.ts";
import { ENVIRONMENT } from "../support/test_fleet.ts";
import { canBootMachine, ThrowawayMachine } from "../support/throwaway_machine.ts";

const canRun = canBootMachine();
if (!canRun) {
  console.warn("skipped: a cleanup in a throw-away machine needs root, namespaces and systemd");
}
const SWARM = { swarm: { enabled: ["*"], payload: { enabled: ["*"] } } };
const whole = z.object({ results: z.array(taskResultSchema) });

Deno.test({
  name: "a cleanup of the swarm is a task that each machine's own daemon carries out",
  ignore: !canRun,
  fn: async () => {
    await using machine = await ThrowawayMachine.boot({ hostname: "web-1" });
    await using fleet = await MachineFleet.start(machine, "web-1", SWARM);
    const vigo = join(machine.root, "usr/local/bin/vigo");
    const words = [Deno.execPath(), ...programCommand("vigo", [])].map((word) => `'${word}'`);
    // What a package would have put there.
    await Deno.writeTextFile(
      vigo,
      `#!/bin/sh\nexport DENO_DIR='${denoFolder()}'\nexec ${words.join(" ")} "$@"\n`,
      { mode: 0o755 },
    );
    const daemon = machine.start(vigo.slice(machine.root.length), ["daemon"], { env: ENVIRONMENT });
    try {
      await eventually("web-1 is online", async () => {
        const { envoys } = envoyList.answer.parse(
          JSON.parse(await fleet.cli(["envoys", "--json"])),
        );
        return envoys.some(({ presence }) => presence === "online");
      });
      const files = join(machine.root, "var/lib/vigo/swarm/files");
      await daemon.waitForLine(/swarm manager started/, 180_000);
      await Deno.symlink(`../.blobs/${"ef".repeat(32)}`, join(files, "gone.bin"));
      const { task } = taskRun.answer.parse(
        JSON.parse(await fleet.cli(["swarm", "cleanup", "--target", "web-*", "--json"])),
      );
      assert.ok(task);
      const watch = ["task", "status", task.id, "--watch", "--json"];
      const { results } = whole.parse(JSON.parse(await fleet.cli(watch)));
      const [result] = results;
      const said = new TextDecoder().decode(Uint8Array.fromBase64(result?.stdout?.head ?? ""));
      assert.equal(result?.verdict, "complete");
      // The daemon mends what it meets by itself, so the link may be gone before it is asked.
      assert.match(said, /^swarm cleanup: dangling_symlinks=[01] stale_partials=0 errors=0\n$/);
      await daemon.waitForLine(/the swarm folder was cleaned/, 60_000);
      await assert.rejects(Deno.lstat(join(files, "gone.bin")), Deno.errors.NotFound);
    } catch (cause) {
      throw new Error(`${cause instanceof Error ? cause.message : cause}\n${daemon.output()}`, {
        cause,
      });
    } finally {
      // A signal in order would reach who entered the machine, and not the daemon in it.
      await daemon.kill();
    }
  },
});
