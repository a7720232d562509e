import assert from "node:assert/strict";
import { join } from "node:path";
import { envoyList } from "../../shared/rest/envoys.ts";
import { eventually } from "../support/eventually.ts";
import { runOrThrow } from "../support/run_command.ts";
import { TestFleet } from "../support/test_fleet.ts";

const DEADLINE_MS = 180_000;
/** Room for the agent's database and nothing that matters besides. */
const DISK_SIZE = "4m";

Deno.test({
  name: "an agent whose disk is full says so, stays, and goes on once there is room",
  // A file system of a known small size takes a mount.
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
  fn: () =>
    TestFleet.run(["hub", "web-1"], async (fleet) => {
      const host = fleet.host("web-1");
      const state = join(host.root, "var/lib/vigo");
      await Deno.mkdir(state, { recursive: true });
      await runOrThrow("mount", ["-t", "tmpfs", "-o", `size=${DISK_SIZE}`, "tmpfs", state]);
      try {
        await fleet.enrol(host);
        await fleet.startAgent(host);
        await eventually("web-1 checks in", () => lastSeen(fleet), DEADLINE_MS);
        await fill(join(state, "filler"));
        const agent = fleet.agent(host.hostname);
        await agent.waitForLine(/cannot store what a cycle needs/, DEADLINE_MS);
        assert.equal(agent.status, undefined);

        await Deno.remove(join(state, "filler"));
        const freedAtMs = Date.now();
        await eventually(
          "web-1 checks in again",
          async () => (await lastSeen(fleet) ?? 0) > freedAtMs,
          DEADLINE_MS,
        );
        assert.equal(agent.status, undefined);
        await fleet.stopAgent(host);
      } finally {
        await fleet.stop();
        await runOrThrow("umount", [state]);
      }
    }),
});

/** When web-1 was last heard of, in ms. */
async function lastSeen(fleet: TestFleet): Promise<number | undefined> {
  const { envoys } = await fleet.ask(envoyList, "envoys");
  return envoys.find(({ hostname }) => hostname === "web-1")?.lastSeenMs ?? undefined;
}

/** Writes until the disk takes no more. */
async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  const piece = new Uint8Array(16 * 1024);
  await assert.rejects(async () => {
    for (;;) await file.write(piece);
  }, /No space left/);
}
