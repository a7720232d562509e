import assert from "node:assert/strict";
import { createSwarmGates } from "./swarm_gates.ts";
import { swarmSectionSchema } from "../config/swarm_section.ts";

function gates(section: unknown) {
  return createSwarmGates(swarmSectionSchema.parse(section), "vigo-1");
}

Deno.test("without a swarm section everything is off everywhere, the server's host included", () => {
  const off = createSwarmGates(undefined, "vigo-1");
  for (const hostname of ["vigo-1", "web-1"]) {
    const { enabled, seeder, subsystems } = off.resolve(hostname);
    assert.deepEqual([enabled, seeder, ...new Set(Object.values(subsystems))], [
      false,
      false,
      false,
    ]);
  }
});

Deno.test("a subsystem needs the substrate's gate and its own", () => {
  const { resolve } = gates({ enabled: ["web-*"], payload: { enabled: ["*-1"] } });
  assert.equal(resolve("web-1").subsystems.payload, true);
  assert.equal(resolve("web-2").subsystems.payload, false);
  assert.equal(resolve("db-1").subsystems.payload, false);
});

Deno.test("the server's host may seed implicitly, in any case; others only if listed", () => {
  const { maySeed } = gates({ enabled: true, seeders: ["-ci-old", "ci-*"] });
  assert.equal(maySeed("VIGO-1"), true);
  assert.equal(maySeed("ci-2"), true);
  assert.equal(maySeed("ci-old"), false);
  assert.equal(maySeed("web-1"), false);
});

Deno.test("a malformed pattern is refused when the section is read", () => {
  const result = swarmSectionSchema.safeParse({ enabled: ["*", "-"] });
  assert.match(result.error?.issues[0]?.message ?? "", /pattern 2 of gate list/);
});

Deno.test("an unknown key of the section is refused", () => {
  assert.equal(swarmSectionSchema.safeParse({ seeder: ["*"] }).success, false);
});
