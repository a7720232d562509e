import assert from "node:assert/strict";
import { renderStatus } from "./status.ts";
import { STATUS } from "./status_fixture.ts";

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
