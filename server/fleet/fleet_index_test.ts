import assert from "node:assert/strict";
import { sha256 } from "../../shared/crypto/sha256.ts";
import { parseTargetSpec } from "../../shared/targeting/target_spec.ts";
import { runSteps } from "../steps/steps.ts";
import { envoyRecord } from "../store/envoy_fixture.ts";
import { FleetIndex } from "./fleet_index.ts";

/** Envoys `web-1` and so on, each with the traits of another distribution. */
function fleetOf(...distros: string[]): FleetIndex {
  const index = new FleetIndex(() => 0);
  for (const [at, distro] of distros.entries()) {
    const { traits } = index.put(envoyRecord({ hostname: `web-${at + 1}` }));
    const stable = new TextEncoder().encode(JSON.stringify({ os: { distro } }));
    traits.setStable(stable, sha256(stable));
  }
  return index;
}

const namesOf = (index: FleetIndex, target: string) =>
  runSteps(index.target(parseTargetSpec(target))).map(({ record }) => record.hostname);

Deno.test("whoever is asked for by name is found without reading anybody's traits", () => {
  const index = fleetOf("debian", "alpine", "debian");
  for (const { traits } of index.states()) {
    traits.merged = () => assert.fail("traits were read");
  }
  assert.deepEqual(namesOf(index, "web-3,web-1"), ["web-1", "web-3"]);
  assert.deepEqual(namesOf(index, "*&-web-2"), ["web-1", "web-3"]);
});

Deno.test("whoever is asked for by a trait is found in steps of one envoy, so that others get their turn", () => {
  const index = fleetOf("debian", "alpine", "debian");
  assert.deepEqual(namesOf(index, "os.distro=debian"), ["web-1", "web-3"]);
  const steps = index.target(parseTargetSpec("os.distro=debian"));
  let turns = 0;
  while (!steps.next().done) turns += 1;
  assert.equal(turns, 3);
});
