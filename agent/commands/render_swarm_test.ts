import assert from "node:assert/strict";
import { renderSwarmStatus } from "./render_swarm.ts";
import { STATE } from "./swarm_state_fixture.ts";

Deno.test("the status of a healthy swarm names every gate, the manifest's version, peers and the last check-in", () => {
  const text = renderSwarmStatus("running at 10.0.0.2:1531", STATE, 100_000);
  assert.match(text, /^Engine: +running at 10\.0\.0\.2:1531$/m);
  assert.match(
    text,
    /^Gates: +payload on, puddle off, gitback off, longdrawer off, curator off, poolq off$/m,
  );
  assert.match(text, /^Manifest: +version 17, 2 active, 1 revoked \(abababababab\)$/m);
  assert.match(text, /^Multicast: +running on 10\.0\.0\.2$/m);
  assert.match(text, /^Peers: +3$/m);
  assert.match(text, /^Last check-in: +10s ago$/m);
  assert.ok(!/Problem|Quiet|Broken/.test(text));
});

Deno.test("what is in the way is told: a quiet engine, one that cannot start, a dead announcer, broken seeds", () => {
  const text = renderSwarmStatus("starting: port in use", {
    ...STATE,
    lastCheckinMs: null,
    problem: "port 1531 is in use",
    quiet: "away for 8 days",
    multicast: { state: "failed", interfaces: [], problem: "no such device" },
    problems: [{ label: "app.tar", reason: "app.tar.swarm is missing" }],
  }, 100_000);
  assert.match(text, /^Problem: +port 1531 is in use$/m);
  assert.match(text, /^Quiet: +away for 8 days; waits for the server's manifest/m);
  assert.match(text, /^Multicast: +failed: no such device$/m);
  assert.match(text, /^Broken seed: +app\.tar: app\.tar\.swarm is missing$/m);
  assert.match(text, /^Last check-in: +never$/m);
});

Deno.test("a swarm that was never on is told with the daemon's reason", () => {
  assert.equal(
    renderSwarmStatus("off: not admitted", undefined, 0),
    "Engine:        off: not admitted\n",
  );
});
