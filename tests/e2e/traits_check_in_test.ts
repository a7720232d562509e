/** What of the traits reaches the server, and how much of it. */
import assert from "node:assert/strict";
import { agentPaths } from "../../agent/store/agent_paths.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { programCommand } from "../support/run_program.ts";
import { eventually } from "../support/eventually.ts";
import { TestProcess } from "../support/process.ts";
import { runOrThrow } from "../support/run_command.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";

/** What the changed traits of a check-in of a machine that does nothing should stay below. */
const AIM_BYTES = 1024;

Deno.test("traits reach the server with an operator's own, and a quiet machine's check-ins are small", async () => {
  await using server = await ScriptedServer.start();
  await using root = await TemporaryRoot.create();
  const { configFolder } = agentPaths(rootPaths(root.path));
  const vigo = (...args: string[]) => programCommand("vigo", ["--root", root.path, ...args]);
  await runOrThrow(
    Deno.execPath(),
    vigo("bootstrap", "--server", server.rest, "--hostname", "web-1", "--pin", server.pin),
    { env: { VIGO_TOKEN: "vget_0123456789abcdefghij" } },
  );
  const folder = `${configFolder}/traits.d`;
  await Deno.mkdir(folder);
  await Deno.chmod(folder, 0o755);
  for (const [file, mode] of [["rack.sh", 0o755], ["loose", 0o777]] as const) {
    await Deno.writeTextFile(`${folder}/${file}`, `#!/bin/sh\necho '{"slot": 7}'\n`);
    await Deno.chmod(`${folder}/${file}`, mode);
  }
  server.script = ({ stableTraits }) =>
    stableTraits.length === 0 && server.checkIns.length === 1
      ? { wantTraits: true }
      : { noChange: true };
  await using daemon = TestProcess.start(Deno.execPath(), vigo("daemon"));

  await eventually("it has checked in twice with all it knows", () => server.checkIns.length >= 4);
  const texts = server.checkIns.map(({ stableTraits }) => stableTraits.toString());
  const stable = JSON.parse(texts.find((text) => text !== "") ?? "{}");
  assert.deepEqual(stable.rack, { slot: 7 });
  assert.ok(!("loose" in stable));
  assert.deepEqual(stable.swarm_seeds, []);

  const [first] = server.checkIns;
  const volatile = JSON.parse(first?.volatileTraits.toString() ?? "{}");
  const { agent_self: self } = volatile;
  assert.equal(self.hostname, "web-1");
  assert.equal(self.pid, daemon.pid);
  assert.equal(self.clock_offset_ms, 0);
  assert.deepEqual(self.failed, ["loose"]);
  for (const name of ["filesystem", "loadavg", "memory", "processes", "swap", "uptime"]) {
    assert.ok(name in volatile, name);
  }
  // After the two rounds of the first cycle; the tenth would carry what is sampled.
  const quiet = server.checkIns[3];
  assert.equal(quiet?.stableTraits.length, 0);
  const bytes = quiet?.volatileTraits.length ?? 0;
  assert.ok(bytes <= AIM_BYTES, `${bytes} bytes: ${quiet?.volatileTraits}`);

  const asked = JSON.parse(
    await runOrThrow(Deno.execPath(), vigo("traits", "agent_self", "--json")),
  );
  const { rss_mb: _rss, failed: _failed, ...told } = asked;
  const { rss_mb: rssMb, failed: _, ...sent } = self;
  assert.deepEqual({ ...told, uptime_hours: 0, started_at: "" }, {
    ...sent,
    uptime_hours: 0,
    started_at: "",
  });
  assert.ok(rssMb > 0);
});
