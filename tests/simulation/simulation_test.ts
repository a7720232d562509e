import assert from "node:assert/strict";
import { Cluster, MIB } from "./cluster.ts";
import { SCENARIOS } from "./scenarios.ts";

/** Seeds that every run tries, and how many new ones it draws. One that fails is printed, to be replayed. */
const FIXED_SEEDS = ["one", "two", "three"];
const FRESH_SEEDS = 2;
/** Replays one seed: `VIGO_SIMULATION_SEED=… deno task test tests/simulation`. */
const REPLAYED = Deno.env.get("VIGO_SIMULATION_SEED");

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  Deno.test(name, () => {
    for (const seed of chooseSeeds()) {
      try {
        scenario(new Cluster(seed));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(
          `Seed "${seed}" does not end well: ${reason}. Replay it with VIGO_SIMULATION_SEED=${seed}`,
          { cause: error },
        );
      }
    }
  });
}

Deno.test("five hundred peers in ten racks get a blob of which the origin sends two copies a rack at most", () => {
  const cluster = new Cluster(REPLAYED ?? "five hundred");
  const inRack = (index: number) => ({ segment: Math.floor(index / 50) });
  cluster.add(inRack(0));
  cluster.addMany(500, (index) => inRack(index + 1));
  cluster.startAll();
  cluster.hint(8);
  cluster.run(5_000);
  const { sha256 } = cluster.seedBlob("blob", 8 * MIB);
  const { invariants } = cluster;
  assert.ok(cluster.run(3_600_000, () => invariants.completions >= 500), "everybody has it");
  assert.ok(cluster.allHold(sha256));
  const share = invariants.shareOf(cluster.origin);
  // Peers hear of each other within their rack first, so about one copy enters each from outside; chance adds some.
  assert.ok(share <= 2 * 10 / 500, `the origin is spared: it sent ${share}`);
});

Deno.test("one seed replays one cluster, event by event", () => {
  const run = () => {
    const cluster = new Cluster("replay");
    cluster.addMany(12);
    cluster.startAll();
    cluster.run(5_000);
    const { sha256 } = cluster.seedBlob("blob", 24 * MIB);
    cluster.run(600_000, () => cluster.allHold(sha256));
    const { time, invariants, origin } = cluster;
    return [time.nowMs, time.happened, invariants.totalBytes, invariants.shareOf(origin)];
  };
  assert.deepEqual(run(), run());
});

Deno.test("what breaks a promise is found where it happens", () => {
  const cluster = new Cluster("broken");
  cluster.addMany(2);
  cluster.startAll();
  cluster.run(5_000);
  const entry = cluster.seedBlob("blob", MIB);
  cluster.time.after(1, () => cluster.invariants.stored(cluster.origin, entry, 0, "rubbish"));
  assert.throws(() => cluster.run(1_000), /origin stored unverified bytes as chunk 0/);
});

function chooseSeeds(): readonly string[] {
  if (REPLAYED !== undefined) return [REPLAYED];
  return [...FIXED_SEEDS, ...Array.from({ length: FRESH_SEEDS }, () => crypto.randomUUID())];
}
