import assert from "node:assert/strict";
import { Bitmap } from "../../shared/swarm/bitmap.ts";
import { Cluster, GIB, MIB } from "./cluster.ts";
import type { SimulatedPeer } from "./simulated_peer.ts";

/** A story that every seed tells differently and that ends well each time. Throws if it does not. */
export type Scenario = (cluster: Cluster) => void;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Scenarios by what they promise. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "a blob reaches everybody, and most of it does not come from the origin": (cluster) => {
    const { sha256 } = begin(cluster, { peers: 20, sizeBytes: 64 * MIB });
    expectAll(cluster, sha256);
    assert.ok(cluster.invariants.shareOf(cluster.origin) <= 0.2, originShare(cluster));
  },

  "of what eight machines get that share two processors, as in a benchmark, the origin sends hardly more than once":
    (
      cluster,
    ) => {
      cluster.network.share(250_000);
      const { sha256 } = begin(cluster, { peers: 8, sizeBytes: 128 * MIB });
      expectAll(cluster, sha256);
      assert.ok(cluster.invariants.shareOf(cluster.origin) <= 0.18, originShare(cluster));
    },

  "who joins late is served by the others when the origin is gone": (cluster) => {
    const { sha256 } = begin(cluster, { peers: 10, sizeBytes: 32 * MIB });
    expectAll(cluster, sha256);
    cluster.origin.crash();
    const late = cluster.add();
    late.start();
    expectAll(cluster, sha256, [late]);
  },

  "an origin that dies once its chunks are out is not missed": (cluster) => {
    const { sha256 } = begin(cluster, { peers: 12, sizeBytes: 48 * MIB });
    const others = cluster.peers.slice(1);
    assert.ok(cluster.run(HOUR_MS, () => isCovered(others, sha256)), "the chunks get out");
    cluster.origin.crash();
    expectAll(cluster, sha256);
  },

  "an origin that dies too early is waited for": (cluster) => {
    const { sha256 } = begin(cluster, { peers: 8, sizeBytes: 64 * MIB });
    cluster.run(HOUR_MS, () => cluster.invariants.totalBytes > 16 * MIB);
    cluster.origin.crash();
    cluster.run(2 * MINUTE_MS);
    cluster.origin.start();
    expectAll(cluster, sha256);
  },

  "a peer that sends wrong bytes spoils nothing": (cluster) => {
    const behaviour = { corruptShare: 0.05, lies: false };
    const { sha256 } = begin(cluster, {
      peers: 12,
      sizeBytes: 48 * MIB,
      plan: (index) => index === 3 ? { behaviour } : {},
    });
    expectAll(cluster, sha256);
  },

  "a peer that says it has everything holds nobody up": (cluster) => {
    const behaviour = { corruptShare: 0, lies: true };
    const { sha256 } = begin(cluster, {
      peers: 10,
      sizeBytes: 32 * MIB,
      plan: (index) => index === 2 ? { behaviour } : {},
    });
    expectAll(cluster, sha256);
  },

  "a peer at one megabit a second holds nobody else up": (cluster) => {
    const { sha256 } = begin(cluster, {
      peers: 10,
      sizeBytes: 32 * MIB,
      plan: (index) => index === 4 ? { bytesPerMs: 125 } : {},
    });
    const fast = cluster.peers.filter(({ link }) => link.upBytesPerMs > 125);
    assert.ok(cluster.run(5 * MINUTE_MS, () => cluster.allHold(sha256, fast)), "the fast ones end");
    expectAll(cluster, sha256);
  },

  "loss, delay and packets out of order cost time alone": (cluster) => {
    cluster.network.setWeather({ loss: 0.05, jitterMs: 40 });
    const { sha256 } = begin(cluster, { peers: 10, sizeBytes: 32 * MIB });
    expectAll(cluster, sha256);
  },

  "both sides of a partition end up with the blob": (cluster) => {
    const { sha256 } = begin(cluster, { peers: 12, sizeBytes: 64 * MIB });
    cluster.run(HOUR_MS, () => cluster.invariants.totalBytes > 64 * MIB);
    cluster.network.separate(cluster.peers.slice(6).map(({ link }) => link.address), 1);
    cluster.run(5 * MINUTE_MS);
    cluster.network.heal();
    expectAll(cluster, sha256);
  },

  "machines that crash again and again lose no verified chunk for good": (cluster) => {
    const { sha256 } = begin(cluster, { peers: 10, sizeBytes: 64 * MIB });
    crashAtRandom(cluster, 30);
    cluster.run(3 * MINUTE_MS);
    for (const peer of cluster.peers) peer.start();
    expectAll(cluster, sha256);
  },

  "a machine without room goes on when there is some": (cluster) => {
    const { sha256 } = begin(cluster, {
      peers: 8,
      sizeBytes: 32 * MIB,
      plan: (index) => index === 5 ? { diskBytes: 10 * MIB } : {},
    });
    const [full] = cluster.peers.filter(({ disk }) => disk.capacityBytes < GIB);
    assert.ok(full);
    const others = cluster.peers.filter((peer) => peer !== full);
    assert.ok(cluster.run(5 * MINUTE_MS, () => cluster.allHold(sha256, others)));
    assert.equal(full.holds(sha256), false);
    full.disk.capacityBytes = GIB;
    expectAll(cluster, sha256);
  },

  "a revoked blob is gone everywhere, also where it was still on its way": (cluster) => {
    const entry = begin(cluster, { peers: 12, sizeBytes: 128 * MIB });
    cluster.run(HOUR_MS, () => cluster.invariants.totalBytes > 256 * MIB);
    cluster.peers[4]?.life?.receive([cluster.revocation(entry)]);
    const isGone = (peer: SimulatedPeer) => peer.disk.get(entry.sha256) === undefined;
    assert.ok(cluster.run(5 * MINUTE_MS, () => cluster.peers.every(isGone)), "all copies go");
    cluster.run(MINUTE_MS);
    assert.ok(cluster.peers.every(isGone), "and none comes back");
  },

  "one that was away while a blob was revoked does not bring it back": (cluster) => {
    const entry = begin(cluster, { peers: 6, sizeBytes: 16 * MIB });
    expectAll(cluster, entry.sha256);
    const away = cluster.peers[3];
    away?.stop();
    cluster.peers[1]?.life?.receive([cluster.revocation(entry)]);
    cluster.run(5 * MINUTE_MS);
    away?.start();
    const isGone = (peer: SimulatedPeer) => peer.disk.get(entry.sha256) === undefined;
    assert.ok(cluster.run(5 * MINUTE_MS, () => cluster.peers.every(isGone)), "it goes there too");
  },

  "what a stranger signs is fetched by nobody": (cluster) => {
    const entry = begin(cluster, { peers: 6, sizeBytes: 4 * MIB });
    expectAll(cluster, entry.sha256);
    const sha256 = entry.sha256.split("").reverse().join("") as typeof entry.sha256;
    const forged = cluster.forge({ ...entry, sha256 });
    for (const peer of cluster.peers.slice(0, 3)) peer.life?.receive([forged]);
    cluster.run(2 * MINUTE_MS);
    for (const peer of cluster.peers) {
      assert.equal(peer.disk.get(sha256), undefined);
      assert.equal(peer.life?.downloads.has(sha256), false);
    }
  },

  "whatever goes wrong for a while, everybody has the blob in the end": (cluster) => {
    const random = cluster.random.fork("chaos");
    const peers = 6 + random.below(14);
    const entry = begin(cluster, {
      peers,
      sizeBytes: (8 + random.below(56)) * MIB,
      plan: () => ({
        bytesPerMs: random.pick([12_500, 125_000, 125_000]),
        latencyMs: random.pick([0.1, 0.1, 5, 40]),
        behaviour: {
          corruptShare: random.chance(0.1) ? 0.2 : 0,
          lies: random.chance(0.05),
        },
      }),
    });
    for (let trouble = 0; trouble < 12; trouble++) {
      makeTrouble(cluster);
      cluster.run(random.between(1_000, 30_000));
    }
    cluster.network.heal();
    cluster.network.setWeather({ loss: 0, jitterMs: 0 });
    for (const peer of cluster.peers) peer.start();
    expectAll(cluster, entry.sha256);
  },
};

interface Beginning {
  /** Machines beside the origin. */
  readonly peers: number;
  readonly sizeBytes: number;
  readonly plan?: Parameters<Cluster["addMany"]>[1];
}

/** A fleet that has been up for some seconds, and a blob that was just placed on the origin. */
function begin(cluster: Cluster, { peers, sizeBytes, plan }: Beginning) {
  cluster.add();
  cluster.addMany(peers, plan);
  cluster.startAll();
  cluster.run(5_000);
  return cluster.seedBlob("blob", sizeBytes);
}

function expectAll(cluster: Cluster, sha256: string, peers?: readonly SimulatedPeer[]): void {
  if (cluster.run(2 * HOUR_MS, () => cluster.allHold(sha256, peers))) return;
  const states = (peers ?? cluster.peers).map(({ identity, disk, isUp }) => {
    const blob = disk.get(sha256);
    return `${identity.hostname}${isUp ? "" : " (off)"} ${blob?.written.count ?? 0}/${
      blob?.written.length ?? "?"
    }`;
  });
  assert.fail(`after two hours not everybody has the blob: ${states.join(", ")}`);
}

/** Whether every chunk is on some of these machines. */
function isCovered(peers: readonly SimulatedPeer[], sha256: string): boolean {
  const blobs = peers.flatMap(({ disk }) => disk.get(sha256) ?? []);
  const [first] = blobs;
  if (!first) return false;
  const union = new Bitmap(first.written.length);
  // What is not durable yet goes with the machine that holds it, and these stay.
  for (const { written } of blobs) {
    written.forEachDifference(undefined, (chunk) => union.set(chunk));
  }
  return union.isFull;
}

function crashAtRandom(cluster: Cluster, times: number): void {
  const random = cluster.random.fork("crashes");
  for (let crash = 0; crash < times; crash++) {
    const atMs = random.between(0, MINUTE_MS);
    const peer = random.pick(cluster.peers);
    cluster.time.after(atMs, () => peer.crash());
    cluster.time.after(atMs + random.between(100, 20_000), () => peer.start());
  }
}

function makeTrouble(cluster: Cluster): void {
  const random = cluster.random.fork(`trouble-${cluster.time.happened}`);
  const some = cluster.peers.filter(() => random.chance(0.3));
  random.pick([
    () => some.forEach((peer) => peer.crash()),
    () => some.forEach((peer) => peer.stop()),
    () => cluster.peers.forEach((peer) => peer.start()),
    () => cluster.network.separate(some.map(({ link }) => link.address), 1 + random.below(2)),
    () => cluster.network.heal(),
    () => cluster.network.setWeather({ loss: random.between(0, 0.3), jitterMs: 100 }),
    () => cluster.network.setWeather({ loss: 0, jitterMs: 0 }),
  ])();
}

function originShare({ invariants, origin }: Cluster): string {
  return `the origin sent ${Math.round(invariants.shareOf(origin) * 100)} % of all bytes`;
}
