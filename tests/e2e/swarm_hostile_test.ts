import assert from "node:assert/strict";
import { join } from "node:path";
import { readPeers } from "../../agent/swarm/mirror.ts";
import { loadSigner, type Signer } from "../../shared/crypto/ed25519.ts";
import { type Sha256, sha256Hex } from "../../shared/crypto/sha256.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import { UNSIGNED_ENTRY } from "../../shared/swarm/manifest_entry_fixture.ts";
import { eventually } from "../support/eventually.ts";
import type { HostilePlan, Lie } from "../support/hostile_member.ts";
import { type FleetMachine, NamespacedFleet } from "../support/namespaced_fleet.ts";
import { canUseNamespaces } from "../support/network_namespaces.ts";
import type { TestProcess } from "../support/process.ts";
import {
  blobOn,
  countLogged,
  DEADLINE_MS,
  freshBytes,
  MIB,
  placeSeed,
  SLOW_BYTES,
  speedUp,
  startEnvoys,
  stateOf,
  stepsOn,
  waitForBlob,
  waitForCopies,
} from "../support/swarm_lifecycle.ts";
import { signEntry } from "./swarm_envoy.ts";
import { enrolMember, TestAuthority } from "./swarm_fleet.ts";

const SLOW_CHUNKS = SLOW_BYTES / MIB;
/** So slow that there is time to ask somebody else too. */
const CRAWL_MBIT_PER_SECOND = 4;
/** Wrong bytes at the end, since who sent them is not asked for anything after that. */
const LIES = ["absent", "endless", "flood", "stalled", "wrong"] as const;
/** Eight chunks at once take half a minute. */
const GRAB_MBIT_PER_SECOND = 2;
const DAY_MS = 86_400_000;
const ELSEWHERE = "e".repeat(64);
/** A file that is nowhere unless a path leads out of its folder. */
const OUTSIDE = "vigo-was-here";

const TARGETS = [
  "/swarm/v1/blobs/../../../../../../etc/passwd",
  "/swarm/v1/blobs/%2e%2e%2f%2e%2e%2fstate.json",
  "/swarm/v1/blobs/..%00/chunks/0",
  `/swarm/v1/blobs/${ELSEWHERE}.partial/chunks/0`,
  `/swarm/v1/blobs/${ELSEWHERE.toUpperCase()}/chunks/0`,
  `/swarm/v1/blobs/${ELSEWHERE}/chunks/-1`,
  `/swarm/v1/blobs/${ELSEWHERE}/chunks/..%2f..%2fpeers.json`,
];

Deno.test({
  name: "a machine in wrong hands reads nothing, changes nothing and holds nothing up",
  ignore: !canUseNamespaces(),
  fn: (context) =>
    NamespacedFleet.run(["web-1", "db-1", "lost-1"], async (fleet) => {
      const [seeder, receiver, lost] = ["web-1", "db-1", "lost-1"]
        .map((hostname) => fleet.machine(hostname));
      assert.ok(seeder && receiver && lost);
      const step = stepsOn(fleet, context);
      await startEnvoys(fleet, [seeder, receiver], { args: ["--log-level", "debug"] });
      await fleet.enrol(lost);
      const sha256 = await placeSeed(seeder, "honest.bin", freshBytes(MIB));
      await waitForCopies([receiver], "honest.bin", sha256);

      const contents = new Map<Lie, Uint8Array>();
      for (const lie of LIES) contents.set(lie, freshBytes(SLOW_BYTES));
      const stranger = await enrolMember(await TestAuthority.create("another fleet"), "lost-1");
      const plan: HostilePlan = {
        folder: join(lost.root, "etc/vigo-envoy"),
        own: lost.host.address,
        victim: receiver.host.address,
        stranger: stranger.identity,
        lies: Object.fromEntries([...contents].map(([lie, bytes]) => [sha256Hex(bytes), lie])),
        pushes: await pushesOf(seeder, lost, sha256),
        wanted: `/swarm/v1/blobs/${sha256}/chunks/0`,
        targets: TARGETS,
        datagrams: datagramsOf(lost, sha256),
      };
      // What it takes is taken so slowly that all of it is asked for before any of it is there.
      await lost.host.limitBandwidth(GRAB_MBIT_PER_SECOND);
      await using hostile = attack(lost, plan);
      const says = (pattern: RegExp) => hostile.waitForLine(pattern, DEADLINE_MS);

      await step("one machine takes eight places for content and no more", async () => {
        const [, served, refused] = await says(/^grabbed (\d+) of 20 places, was refused (\d+)$/);
        // Not all of those that were too many need to have come through so narrow a link.
        assert.ok(Number(served) <= 8 && Number(refused) > 0, `${served} and ${refused}`);
        await speedUp(lost);
      });

      await step("whoever has no certificate of the fleet is not served", async () => {
        await says(/^no certificate: refused$/);
        await says(/^foreign certificate: refused$/);
      });

      await step("no path leads out of the blobs", async () => {
        for (const target of TARGETS) {
          await says(new RegExp(`^target ${RegExp.escape(target)}: 404$`));
        }
      });

      await step(
        "what is forged, unauthorised, from the future, or named like a path changes nothing",
        async () => {
          await says(/^push labels that are paths: 400$/);
          await says(/^push hashes that are paths: 400$/);
          await says(/^push from the future: 200$/);
          await says(/^push unauthorised: 200$/);
          await says(/^push forged: 200$/);
          // Who passed on a forged entry is not even listened to any more.
          await says(/^push once more: 503$/);
          await says(/^push oversized: (413|503)$/);
          await says(/^long head: (431|cut off)$/);
          await says(/^attacked$/);
          const deaf = "a peer is not listened to for ten minutes";
          assert.equal(countLogged(fleet.agent(receiver), deaf), 1);
          await isUnharmed(receiver, ["honest.bin"]);
          assert.equal((await blobOn(receiver, sha256))?.status, "complete");
        },
      );

      await eventually(
        "the receiver takes it for a peer",
        () => knows(receiver, lost),
        DEADLINE_MS,
      );

      for (const lie of LIES) {
        await step(`a peer that lies: ${lie}: the content comes from who has it`, async () => {
          const name = `${lie}.bin`;
          await seeder.host.limitBandwidth(CRAWL_MBIT_PER_SECOND);
          const content = contents.get(lie) ?? new Uint8Array();
          const blob = await placeSeed(seeder, name, content, { target: receiver.hostname });
          await says(new RegExp(`^(asked for a chunk|cut off): ${lie}$`));
          if (lie === "wrong") {
            await fleet.agent(receiver).waitForLine(
              /a peer sent wrong bytes and is left alone for ten minutes.*lost-1/,
              DEADLINE_MS,
            );
          }
          await speedUp(seeder);
          const { sources } = await waitForBlob(receiver, blob, "complete");
          assert.deepEqual(sources, { "web-1": SLOW_CHUNKS });
          await waitForCopies([receiver], name, blob);
          // Whoever would send without end is not read to the end.
          if (lie === "endless" || lie === "flood") await says(new RegExp(`^cut off: ${lie}$`));
        });
      }

      await step("who never finishes a question is cut off", async () => {
        await says(/^dripping: cut off$/);
        await says(/^member: 200$/);
      });

      await step("a machine that is revoked is not served, and known to nobody", async () => {
        await fleet.cli("envoys", "revoke", "lost-1", "--reason", "stolen");
        await says(/^member: cut off$/);
        await eventually(
          "nobody knows it",
          async () => !await knows(receiver, lost),
          DEADLINE_MS,
        );
        await isUnharmed(receiver, ["honest.bin", ...LIES.map((lie) => `${lie}.bin`)]);
        assert.equal(countLogged(fleet.agent(receiver), "swarm manager started"), 1);
      });
    }, {
      swarm: { enabled: ["*"], payload: { enabled: ["*"] }, seeders: ["web-1"] },
    }),
});

async function knows(one: FleetMachine, other: FleetMachine): Promise<boolean> {
  const peers = await readPeers(one.swarmFolder);
  return peers.ok && peers.value.peers.some(({ hostname }) => hostname === other.hostname);
}

function attack({ host }: FleetMachine, plan: HostilePlan): TestProcess {
  const script = join(import.meta.dirname ?? ".", "../support/hostile_member.ts");
  return host.start(Deno.execPath(), ["run", "-A", "--no-check", script, JSON.stringify(plan)]);
}

/** Bodies of pushes, in the order in which they are to be sent: after a forged entry nothing is heard any more. */
async function pushesOf(
  seeder: FleetMachine,
  lost: FleetMachine,
  live: Sha256,
): Promise<Record<string, string>> {
  const [mayCast, mayNot] = await Promise.all([keyOf(seeder), keyOf(lost)]);
  const now = Date.now();
  const entry = (digit: string, signer: Signer, fields: Partial<ManifestEntry> = {}) =>
    signEntry({
      ...UNSIGNED_ENTRY,
      sha256: sha256Hex(new TextEncoder().encode(digit)),
      label: OUTSIDE,
      createdMs: now,
      stamp: now,
      author: signer.publicKey.toHex(),
      ...fields,
    }, signer);
  const body = (...entries: unknown[]) => JSON.stringify({ entries });
  const honest = entry("a", mayCast);
  return {
    "labels that are paths": body(entry("a", mayCast, { label: `../../${OUTSIDE}` })),
    "hashes that are paths": body({ ...honest, sha256: `../../${OUTSIDE}`.padEnd(64, "0") }),
    "from the future": body(entry("b", mayCast, { stamp: now + DAY_MS })),
    "unauthorised": body(
      entry("c", mayNot, { origin: lost.hostname }),
      entry("c", mayNot, { origin: seeder.hostname }),
      // As if it took back what another one seeded.
      entry("c", mayNot, { sha256: live, state: "revoked" }),
    ),
    "forged": body({ ...entry("d", mayCast), target: "db-*" }),
    "once more": body(),
  };
}

async function keyOf({ root }: FleetMachine): Promise<Signer> {
  return loadSigner(await Deno.readTextFile(join(root, "etc/vigo-envoy/signing.key")));
}

/** What is no announcement, says too much, or says what is not so. */
function datagramsOf({ host }: FleetMachine, live: string): string[] {
  const instance = "fedcba9876543210";
  const own = `ADDR ${host.address}:1531`;
  return [
    `VIGO1 ${instance}\n${own}\n${`WANT ${ELSEWHERE}\n`.repeat(40)}`,
    `VIGO1 ${instance}\n${own}\nHAVE ${ELSEWHERE} 9999999/1\n`,
    `VIGO1 ${instance}\n${own}\nHAVE ../../${OUTSIDE} 1/1\n`,
    `VIGO1 ${instance}\n${own}\nREVOKE ${live}\nMANIFEST ${ELSEWHERE}\n`,
    `VIGO1 ${instance}\nADDR 127.0.0.1:22\nREVOKE ${live}\n`,
    "VIGO1 ",
    "\u0000".repeat(1300),
  ].map((text) => new TextEncoder().encode(text).toBase64());
}

/** Nothing but these files came, and nothing lies outside its place. */
async function isUnharmed(machine: FleetMachine, labels: readonly string[]): Promise<void> {
  const { manifest, blobs } = await stateOf(machine);
  assert.equal(manifest.active, labels.length);
  const live = blobs.filter(({ status }) => status !== "revoked");
  assert.deepEqual(live.map(({ label }) => label).toSorted(), labels.toSorted());
  const files = await Array.fromAsync(Deno.readDir(join(machine.swarmFolder, "files")));
  assert.deepEqual(files.map(({ name }) => name).toSorted(), labels.toSorted());
  const { stdout } = await machine.host.run("find", [machine.root, "-name", `*${OUTSIDE}*`]);
  assert.equal(stdout, "");
}
