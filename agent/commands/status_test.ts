import assert from "node:assert/strict";
import type { AgentStatus } from "../daemon/status.ts";
import { renderStatus } from "./status.ts";

const STATUS: AgentStatus = {
  version: "0.1.0",
  pid: 7,
  startedAtMs: 0,
  envoyUuid: "6f1c2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f",
  hostname: "web-1",
  server: "srv:1530",
  activity: "idle",
  intervalMs: 60_000,
  lastAnsweredAtMs: 90_000,
  failures: 0,
  lastFailure: null,
  nextCheckInAtMs: 150_000,
  policyVersion: "0123456789abcdef",
  bundleSerial: 3,
  resources: 12,
  lastRun: {
    finishedAtMs: 90_000,
    durationMs: 35,
    inSync: 11,
    changed: 1,
    failed: 0,
    blocked: 0,
    unknown: 0,
    skipped: 0,
  },
  notApplied: null,
  pause: null,
  queuedReports: 0,
  droppedReports: 0,
  clockOffsetMs: 0,
  certificateNotAfterMs: 86_500_000,
  streamOpen: true,
  suspectedClone: false,
  swarm: { state: "running", address: "10.0.0.2:1531", problem: "" },
};

Deno.test("a healthy daemon is shown without problems", () => {
  const text = renderStatus(STATUS, 100_000);
  assert.match(text, /^Envoy: +web-1 \(6f1c/);
  assert.match(text, /^Check-in: +10s ago, every 1m$/m);
  assert.match(text, /^Last run: +10s ago: 11 in sync, 1 changed, 0 failed \(35ms\)$/m);
  assert.match(text, /^Swarm: +running at 10\.0\.0\.2:1531$/m);
  assert.ok(!/Problem|Waiting|Dropped|Clock|Warning/.test(text));
});

Deno.test("what is wrong gets a line of its own", () => {
  const text = renderStatus({
    ...STATUS,
    failures: 3,
    lastFailure: "connection refused",
    queuedReports: 2,
    droppedReports: 1,
    clockOffsetMs: 3_600_000,
    suspectedClone: true,
    lastRun: null,
    notApplied: "no policy was received yet",
  }, 100_000);
  assert.match(text, /^Problem: +3 check-ins failed: connection refused$/m);
  assert.match(text, /^Waiting: +2 run reports$/m);
  assert.match(text, /^Dropped: +1 run reports$/m);
  assert.match(text, /^Clock: +1h behind the server$/m);
  assert.match(text, /^Warning: +two machines/m);
  assert.match(text, /^Last run: +no policy was received yet$/m);
});

Deno.test("an engine that cannot start is shown with why, and with what to do when its port is taken", () => {
  const swarm = {
    state: "starting",
    address: "",
    problem: "listen EADDRINUSE 0.0.0.0:1531",
  } as const;
  assert.match(
    renderStatus({ ...STATUS, swarm }, 100_000),
    /^Swarm: +starting: listen EADDRINUSE 0\.0\.0\.0:1531\. Set swarm\.listen_address/m,
  );
});
