import assert from "node:assert/strict";
import { agentSelf } from "./agent_self.ts";

const FACTS = {
  version: "0.1.0",
  root: "/",
  executable: "/usr/local/bin/vigo",
  observedHostname: "web-1.local",
  nowMs: 7_200_000,
  failed: ["ports", "dmi", "ports"],
};

Deno.test("the agent tells what it is, where it lies, how its clock stands and which collectors failed", () => {
  assert.deepEqual(
    agentSelf({
      ...FACTS,
      hostname: "web-1",
      envoyUuid: "uuid",
      pid: 7,
      startedAtMs: 0,
      rssBytes: 65 * 2 ** 20,
      clockOffsetMs: -5000,
      queuedReports: 2,
    }),
    {
      version: "0.1.0",
      hostname: "web-1",
      observed_hostname: "web-1.local",
      envoy_uuid: "uuid",
      root: "/",
      executable: "/usr/local/bin/vigo",
      pid: 7,
      started_at: "1970-01-01T00:00:00.000Z",
      uptime_hours: 2,
      rss_mb: 80,
      clock_offset_ms: -5000,
      queued_reports: 2,
      failed: ["dmi", "ports"],
    },
  );
});

Deno.test("an agent that does not run tells no process, clock or queue", () => {
  assert.deepEqual(Object.keys(agentSelf(FACTS)), [
    "version",
    "observed_hostname",
    "root",
    "executable",
    "failed",
  ]);
});

Deno.test("a minute and a megabyte later the agent says the same", () => {
  const at = (nowMs: number, rssMib: number) =>
    agentSelf({ ...FACTS, startedAtMs: 0, nowMs, rssBytes: rssMib * 2 ** 20 });
  assert.deepEqual(at(3_600_000, 70), at(3_660_000, 71));
});
