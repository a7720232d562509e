import assert from "node:assert/strict";
import { join } from "node:path";
import { type PeersFile, readPeers, readSwarmState } from "../../agent/swarm/mirror.ts";
import { eventually } from "../support/eventually.ts";
import { MulticastEar } from "../support/multicast_ear.ts";
import { type FleetMachine, NamespacedFleet } from "../support/namespaced_fleet.ts";
import { canUseNamespaces } from "../support/network_namespaces.ts";
import {
  DEADLINE_MS,
  freshBytes,
  MIB,
  placeSeed,
  waitForCopies,
} from "../support/swarm_lifecycle.ts";

/** As announcements are documented, and not as the product's code says. */
const GROUP = { address: "224.0.0.42", port: 1531 };
const PEER_PORT = 1531;
const SERVER_PORTS = [1530, 8443];
const SEEDER = "web-1";
const RECEIVERS = ["web-2", "db-1"];

Deno.test({
  name: "multicast alone finds the peers and brings a file, and without it nobody is found",
  ignore: !canUseNamespaces(),
  fn: () =>
    NamespacedFleet.run([SEEDER, ...RECEIVERS], async (fleet) => {
      const seeder = fleet.machine(SEEDER);
      const receivers = RECEIVERS.map((hostname) => fleet.machine(hostname));
      const envoys = [seeder, ...receivers];
      for (const envoy of envoys) await fleet.enrol(envoy);
      // Documents without an engine: no peer server has an address yet that the server could tell anybody.
      for (const envoy of envoys) await fleet.vigo(envoy, ["run", "--once"]);
      await fleet.stopServer();
      const stoppedMs = Date.now();
      for (const envoy of envoys) {
        await assertServerIsGone(fleet, envoy);
        await assertKnowsNobody(envoy, envoys);
      }

      await using ears = new AsyncDisposableStack();
      const heardBy = new Map<FleetMachine, MulticastEar>();
      for (const envoy of envoys) {
        heardBy.set(envoy, ears.use(await MulticastEar.open(envoy.host, GROUP)));
        await envoy.host.setMulticastHeard(false);
      }
      const heard = (by: FleetMachine, from: FleetMachine) =>
        (heardBy.get(by)?.heard ?? []).filter((datagram) => datagram.from === from.host.address)
          .map(({ text }) => text);

      for (const envoy of envoys) await fleet.startAgent(envoy);
      const first = await placeSeed(seeder, "first.bin", freshBytes(3 * MIB));
      // Between two announcements there was time to follow the first, had anybody heard it.
      await eventually(
        "the seeder has announced its file twice",
        () => heard(seeder, seeder).filter((text) => text.includes(`HAVE ${first} 3/3`)).length > 1,
        DEADLINE_MS,
      );
      for (const receiver of receivers) {
        assert.deepEqual(heard(receiver, seeder), []);
        await assertReaches(receiver, seeder);
        const state = await readSwarmState(receiver.swarmFolder);
        assert.ok(state.ok);
        assert.deepEqual([state.value.peerCount, state.value.manifest.active], [0, 0]);
      }
      for (const envoy of envoys) await fleet.stopAgent(envoy);
      for (const envoy of envoys) assert.deepEqual(await peersOf(envoy), []);

      for (const envoy of envoys) await envoy.host.setMulticastHeard(true);
      for (const receiver of receivers) await fleet.startAgent(receiver);
      await haveFound(receivers, receivers.length - 1);
      // The seeder last, so that its first announcement is the first that anybody can know of it.
      await fleet.startAgent(seeder);
      await haveFound(envoys, envoys.length - 1);
      const second = await placeSeed(seeder, "second.bin", freshBytes(6 * MIB));
      for (const receiver of receivers) {
        await waitForCopies([receiver], "first.bin", first);
        await waitForCopies([receiver], "second.bin", second);
        const announcements = heard(receiver, seeder);
        const address = `${seeder.host.address}:${PEER_PORT}`;
        for (const text of announcements) {
          assert.match(text, /^VIGO1 [0-9a-f]{16}\n(?:(?:ADDR|HAVE|WANT|MANIFEST|REVOKE) .+\n)+$/);
          assert.ok(text.includes(`\nADDR ${address}\n`), text);
        }
        assert.ok(announcements.some((text) => text.includes(`\nHAVE ${second} 6/6\n`)));
        const found = (await peersOf(receiver)).find(({ hostname }) => hostname === SEEDER);
        assert.equal(found?.source, "multicast");
        const shown = await fleet.vigo(receiver, ["swarm", "peers", "list"]);
        assert.match(shown, new RegExp(`${SEEDER} +${address} +multicast `));
        await assertSentByEnvoys(receiver, envoys);
      }
      await assertFoundByMulticast(envoys);
      for (const envoy of envoys) {
        assert.ok(await lastAnsweredMs(fleet, envoy) < stoppedMs, "no server was heard since");
      }
    }, {
      swarm: { enabled: ["*"], payload: { enabled: ["*"] }, seeders: [SEEDER] },
    }),
});

async function peersOf({ swarmFolder }: FleetMachine): Promise<PeersFile["peers"]> {
  const file = await readPeers(swarmFolder);
  assert.ok(file.ok);
  return file.value.peers;
}

/** Waits until each of these machines knows this many peers. */
async function haveFound(machines: readonly FleetMachine[], count: number): Promise<void> {
  for (const machine of machines) {
    const isDone = async () => (await peersOf(machine)).length === count;
    await eventually(`${machine.hostname} knows ${count} peers`, isDone, DEADLINE_MS);
  }
}

/** When a check-in of this machine was last answered, ms; kept over restarts. */
async function lastAnsweredMs(fleet: NamespacedFleet, machine: FleetMachine): Promise<number> {
  const status = JSON.parse(await fleet.vigo(machine, ["status", "--json"]));
  assert.equal(typeof status.lastAnsweredAtMs, "number");
  return status.lastAnsweredAtMs;
}

async function connect({ host }: FleetMachine, hostname: string, port: number): Promise<string> {
  const dial = `try {
      (await Deno.connect({ hostname: "${hostname}", port: ${port} })).close();
      console.log("connected");
    } catch (error) { console.log(error.name); }`;
  return (await host.run(Deno.execPath(), ["eval", dial])).stdout.trim();
}

async function assertServerIsGone({ hub }: NamespacedFleet, from: FleetMachine): Promise<void> {
  for (const port of SERVER_PORTS) {
    assert.equal(await connect(from, hub.host.address, port), "ConnectionRefused");
  }
}

async function assertReaches(from: FleetMachine, to: FleetMachine): Promise<void> {
  assert.equal(await connect(from, to.host.address, PEER_PORT), "connected");
}

/** Nothing on a machine's disk, whatever file it is in, says where another envoy is. */
async function assertKnowsNobody(
  { hostname, root }: FleetMachine,
  envoys: readonly FleetMachine[],
): Promise<void> {
  const others = envoys.filter((envoy) => envoy.hostname !== hostname);
  const files = await filesBelow(root);
  assert.ok(files.some((file) => file.endsWith("/agent.db")), files.join("\n"));
  for (const file of files) {
    const bytes = new TextDecoder("latin1").decode(await Deno.readFile(file));
    for (const { host } of others) {
      // The router's address begins like that of a host.
      const address = new RegExp(`${RegExp.escape(host.address)}(?![0-9])`);
      assert.ok(!address.test(bytes), `${file} names ${host.address}`);
    }
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) files.push(...await filesBelow(path));
    else if (isFile) files.push(path);
  }
  return files;
}

/** Every chunk of every blob here came from another envoy. */
async function assertSentByEnvoys(
  { hostname, swarmFolder }: FleetMachine,
  envoys: readonly FleetMachine[],
): Promise<void> {
  const state = await readSwarmState(swarmFolder);
  assert.ok(state.ok);
  const others = envoys.map((envoy) => envoy.hostname).filter((name) => name !== hostname);
  for (const { sources, label } of state.value.blobs) {
    const strangers = Object.keys(sources).filter((source) => !others.includes(source));
    assert.deepEqual(strangers, [], `${label}: ${JSON.stringify(sources)}`);
  }
}

/** Of two peers one heard the other; that one may have heard it too, or have been called before it could. */
async function assertFoundByMulticast(envoys: readonly FleetMachine[]): Promise<void> {
  const books = new Map<string, Map<string, string>>();
  for (const envoy of envoys) {
    const peers = await peersOf(envoy);
    books.set(envoy.hostname, new Map(peers.map(({ hostname, source }) => [hostname, source])));
  }
  for (const { hostname: one } of envoys) {
    for (const { hostname: other } of envoys) {
      if (one >= other) continue;
      const sources = [books.get(one)?.get(other), books.get(other)?.get(one)];
      assert.ok(sources.includes("multicast"), `${one} and ${other}: ${sources}`);
      for (const source of sources) assert.match(source ?? "", /^(multicast|inbound)$/);
    }
  }
}
