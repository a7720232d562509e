import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type PeersFile, readPeers } from "../../agent/swarm/mirror.ts";
import { envoyList } from "../../shared/rest/envoys.ts";
import { programCommand } from "../support/run_program.ts";
import { eventually } from "../support/eventually.ts";
import { MulticastEar } from "../support/multicast_ear.ts";
import { type FleetMachine, NamespacedFleet } from "../support/namespaced_fleet.ts";
import { canUseNamespaces, type NetworkHost } from "../support/network_namespaces.ts";
import type { TestProcess } from "../support/process.ts";
import {
  DEADLINE_MS,
  freshBytes,
  MIB,
  placeSeed,
  stateOf,
  waitForCopies,
} from "../support/swarm_lifecycle.ts";

/** Obstacles are real ones: rules of the kernel's packet filter, in namespaces that are thrown away. */
const canRun = canUseNamespaces() && existsSync("/usr/sbin/nft");
if (!canRun) console.warn("skipped: discovery in network namespaces needs root and nftables");

/** As announcements are documented. */
const GROUP = { address: "224.0.0.42", port: 1531 };

/** An address of `web-1` on a LAN of its own. */
const SECOND_LAN = "10.88.0.1";
/** A second address of `db-1`, and the one that it announces. */
const ANNOUNCED = "10.77.2.21";
/** Interfaces of containers, bridges and tunnels, as those who make them call them. */
const VIRTUAL = [
  ["docker0", "172.17.0.1"],
  ["br-0a1b2c3d", "172.18.0.1"],
  ["virbr0", "192.168.122.1"],
  ["tailscale0", "100.64.0.1"],
] as const;
/** An address of nobody. */
const NOBODYS = "10.77.3.99";

interface Finding {
  readonly level: "ok" | "note" | "problem";
  readonly code: string;
  readonly text: string;
  readonly remedy?: string;
}

interface Verdict {
  readonly code: number;
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

Deno.test({
  name: "peers find each other where multicast does not reach, and doctor names what is in the way",
  ignore: !canRun,
  fn: () =>
    NamespacedFleet.run(
      [["web-1", "web-2", "web-3", "web-4"], ["db-1"], ["db-2"]],
      async (fleet) => {
        const machine = (hostname: string) => fleet.machine(hostname);
        const [web1, web2, web3, web4] = ["web-1", "web-2", "web-3", "web-4"].map(machine);
        const [db1, db2] = ["db-1", "db-2"].map(machine);
        assert.ok(web1 && web2 && web3 && web4 && db1 && db2);
        await Promise.all(fleet.machines.slice(1).map((envoy) => fleet.enrol(envoy)));
        await using daemons = new AsyncDisposableStack();
        const start = (envoy: FleetMachine) => daemons.use(startDaemon(envoy));

        await announcerFails(fleet, web1);

        await drop(web2.host, ["input", "output"], "udp dport 1531");
        await drop(web3.host, ["input"], "tcp dport 1531");
        await db1.host.run("ip", ["address", "add", `${ANNOUNCED}/24`, "dev", "eth0"]);
        await announce(db1, `${ANNOUNCED}:1531`);
        await using ear = await MulticastEar.open(db1.host, GROUP);
        start(web4);
        await Promise.all([web2, web3, db1].map((envoy) => fleet.startAgent(envoy)));

        await hasJoinedBoth(web1);
        await isListedAt(fleet, web1, [web1.host.address, SECOND_LAN]);
        await hintsFindTheFirst(web1, db1);
        assert.deepEqual([...new Set(ear.heard.map(({ from }) => from))], [ANNOUNCED]);
        await doctorNamesObstacles({ web1, web2, web3, web4, db1 });

        await fleet.stopAgent(db1);
        await isOffline(fleet, db1);
        await fleet.startAgent(db2);
        await knows(db2, web1);
        const sha256 = await placeSeed(web1, "release.bin", freshBytes(2 * MIB));
        await waitForCopies([db2], "release.bin", sha256);
        await fleet.stopServer();

        await fleet.startAgent(db1);
        await waitForCopies([db1], "release.bin", sha256);
        const found = await knows(db1, db2);
        const back = await knows(db2, db1);
        // They have never met, and no server answers: whoever called first was told by web-1.
        for (const { source } of [found, back]) assert.match(source, /^(exchange|inbound)$/);
        assert.equal((await knows(db1, web1)).source, "remembered");
        for (const { address } of [back, await knows(web1, db1)]) assert.equal(address, ANNOUNCED);

        await fleet.stopAgent(db2);
        await announce(db2, `${NOBODYS}:1531`);
        await fleet.startAgent(db2);
        await diagnosed(db2, [], "announce-address", /10\.77\.3\.99:1531 is no address of this/);
        await fleet.stopAgent(db2);
        await diagnosed(db2, [], "daemon", /the daemon does not answer/);
      },
      {
        swarm: {
          enabled: ["-web-4", "*"],
          payload: { enabled: ["*"] },
          seeders: ["web-1"],
        },
      },
    ),
});

/**
 * A socket that another program holds, and an interface that cannot join: the log and `status` tell of both, the announcer
 * comes back by itself, and virtual interfaces are left alone all the while.
 */
async function announcerFails(fleet: NamespacedFleet, envoy: FleetMachine): Promise<void> {
  const { host } = envoy;
  await addInterface(host, "eth1", `${SECOND_LAN}/24`);
  for (const [name, address] of VIRTUAL) await addInterface(host, name, `${address}/16`);
  await routeThroughTunnel(host);
  // The kernel lets a socket join on so many interfaces and no more.
  const limit = "echo 1 > /proc/sys/net/ipv4/igmp_max_memberships";
  assert.equal((await host.run("bash", ["-c", limit])).code, 0);
  const hold = `Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: 1531 });
    console.log("held");
    await new Promise(() => setInterval(() => {}, 60_000));`;
  const holder = host.start(Deno.execPath(), ["eval", "--unstable-net", hold]);
  try {
    await holder.waitForLine(/^held$/, DEADLINE_MS);
    const starting = fleet.startAgent(envoy);
    await eventually("status tells of the held port", async () => {
      const { multicast } = await stateOf(envoy);
      return multicast.state === "failed" && /UDP 1531.*in use/.test(multicast.problem ?? "");
    }, DEADLINE_MS);
    const shown = await vigo(envoy, ["swarm", "status"]);
    assert.match(shown.stdout, /^Multicast: +failed: cannot listen on UDP 1531/m);
    await diagnosed(envoy, [], "announcer-failed", /cannot listen on UDP 1531/);
    await holder.kill();
    const agent = await starting;
    const [line] = await agent.waitForLine(/^.*multicast announcer exited.*$/);
    const { level, reason, restartMs } = JSON.parse(line);
    assert.equal(level, "error");
    assert.match(reason, /cannot listen on UDP 1531/);
    assert.ok(restartMs >= 1000);
    await agent.waitForLine(/"level":"warning".*cannot join multicast on an interface/);
    const running = await eventually("the announcer runs again", async () => {
      const { multicast } = await stateOf(envoy);
      return multicast.state === "running" && multicast;
    }, DEADLINE_MS);
    assert.equal(running.interfaces.length, 1);
    assert.match(running.problem ?? "", /^eth[01]: cannot join multicast on an interface/);
    const json = JSON.parse((await vigo(envoy, ["swarm", "status", "--json"])).stdout);
    assert.deepEqual(json.multicast, running);
    await diagnosed(envoy, [], "not-joined", /^eth[01] \(10\.\d+\.\d+\.1\) is passed over/);
    for (const [name, address] of VIRTUAL) {
      assert.ok(!agent.output().includes(address), `${name} is nobody's business`);
    }
  } finally {
    await holder.kill();
  }
  // Once it may join, it does so without a restart; see hasJoinedBoth.
  const free = "echo 20 > /proc/sys/net/ipv4/igmp_max_memberships";
  assert.equal((await host.run("bash", ["-c", free])).code, 0);
}

/** A VPN takes everything but what is said within the site. */
async function routeThroughTunnel(host: NetworkHost): Promise<void> {
  const router = host.address.replace(/\d+$/, "254");
  for (
    const route of [["add", "10.77.0.0/16", "via", router], [
      "replace",
      "default",
      "dev",
      "tailscale0",
    ]]
  ) {
    const { code, stderr } = await host.run("ip", ["route", ...route]);
    assert.equal(code, 0, stderr);
  }
}

async function hasJoinedBoth(envoy: FleetMachine): Promise<void> {
  const { interfaces } = await eventually("both interfaces are joined", async () => {
    const { multicast } = await stateOf(envoy);
    return multicast.interfaces.length === 2 && multicast;
  }, DEADLINE_MS);
  assert.deepEqual(interfaces.toSorted(), [envoy.host.address, SECOND_LAN].toSorted());
}

/**
 * Machines on two networks have nothing but the server in common at first: whoever called first had the address from there.
 * Once both have called, each may name the other's call as its source.
 */
async function hintsFindTheFirst(one: FleetMachine, other: FleetMachine): Promise<void> {
  for (const { source } of [await knows(one, other), await knows(other, one)]) {
    assert.match(source, /^(server|inbound)$/);
  }
}

async function doctorNamesObstacles(
  { web1, web2, web3, web4, db1 }: Record<"web1" | "web2" | "web3" | "web4" | "db1", FleetMachine>,
): Promise<void> {
  await diagnosed(web2, [], "cannot-send", /announcements do not leave eth0/);

  // TCP alone is dropped: web-3 is heard, calls others, and cannot be called.
  await diagnosed(web1, [web3.host.address], "tcp-blocked", /are heard, but TCP 1531 does not/);
  await knows(web3, web1);
  const here = await diagnosed(web3, ["web-1"], "tcp-here", /^web-1 cannot open TCP 1531 of this/);
  assert.equal(here.remedy, "allow TCP 1531 into this machine (the swarm-firewall example does)");
  await eventually("web-3 finds that all else is well", async () => {
    const { findings } = await doctor(web3, ["web-1"]);
    const sound = findings.flatMap(({ level, code }) => level === "ok" ? code : []);
    return ["heard", "peers", "tcp-there", "udp-there", "udp-here"]
      .every((code) => sound.includes(code));
  }, DEADLINE_MS);

  // The gate is shut: the machine says so itself, and from elsewhere nobody listens there.
  await diagnosed(web4, [], "gate", /the swarm engine does not run: off/);
  await diagnosed(web1, [web4.host.address], "nobody-listens", /nobody listens at 10\.77\.1\.5/);

  // UDP alone is dropped: TCP finds web-2 by the server's hint, and no announcement comes through.
  await knows(web1, web2);
  const blocked = await diagnosed(
    web1,
    ["web-2"],
    "udp-blocked",
    /^TCP answers but no announcement/,
  );
  assert.match(
    blocked.remedy ?? "",
    /^allow UDP 1531 on web-2 \(the swarm-firewall example does\)$/,
  );
  await diagnosed(web1, ["web-2"], "udp-unheard", /^web-2 has not heard an announcement/);
  assert.equal(
    (await web2.host.run("nft", ["delete", "chain", "inet", "obstacle", "output"])).code,
    0,
  );
  await diagnosed(web2, [], "not-returned", /this machine drops incoming UDP 1531/);

  // Nothing is in the way over the router.
  const clear = await eventually("db-1 has nothing to find fault with", async () => {
    const verdict = await doctor(db1, ["web-1"]);
    return verdict.code === 0 && verdict;
  }, DEADLINE_MS);
  assert.equal(clear.ok, true);
  const seen = new Map(clear.findings.map(({ code, text }) => [code, text]));
  assert.match(seen.get("tcp-here") ?? "", /^web-1 reaches this machine at 10\.77\.2\.21:1531/);
  assert.match(seen.get("other-network") ?? "", /^web-1 is on another network/);
  assert.match(seen.get("announce-address") ?? "", /leads to this machine$/);
  const { code, stdout } = await vigo(db1, ["swarm", "doctor", "web-1"]);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^ok +web-1 \(10\.77\.1\.2:1531, found by \w+\) answers on TCP 1531$/m);
}

/** Runs `vigo swarm doctor` until it names this problem, which it ends with status 1 for. */
async function diagnosed(
  envoy: FleetMachine,
  args: readonly string[],
  code: string,
  text: RegExp,
): Promise<Finding> {
  let last: Verdict | undefined;
  try {
    return await eventually(`doctor on ${envoy.hostname} finds ${code}`, async () => {
      last = await doctor(envoy, args);
      const found = last.findings.find((one) => one.code === code && one.level === "problem");
      if (!found) return undefined;
      assert.match(found.text, text);
      assert.deepEqual([last.code, last.ok], [1, false]);
      assert.ok(found.remedy);
      return found;
    }, DEADLINE_MS);
  } catch (cause) {
    throw new Error(`${cause}: ${JSON.stringify(last?.findings, null, 1)}`, { cause });
  }
}

async function doctor(envoy: FleetMachine, args: readonly string[]): Promise<Verdict> {
  const { code, stdout, stderr } = await vigo(envoy, ["swarm", "doctor", ...args, "--json"]);
  assert.equal(stderr, "");
  return { ...JSON.parse(stdout), code };
}

function vigo({ host, root }: FleetMachine, args: readonly string[]) {
  const command = programCommand("vigo", [...args, "--root", root]);
  return host.run(Deno.execPath(), command, { env: { NO_COLOR: "1" } });
}

/** A daemon whose engine may not start. */
function startDaemon({ host, root }: FleetMachine): TestProcess {
  return host.start(Deno.execPath(), programCommand("vigo", ["daemon", "--root", root]));
}

async function addInterface(host: NetworkHost, name: string, address: string): Promise<void> {
  for (
    const args of [
      ["link", "add", name, "type", "bridge"],
      ["address", "add", address, "dev", name],
      ["link", "set", name, "up"],
    ]
  ) {
    const { code, stderr } = await host.run("ip", args);
    assert.equal(code, 0, stderr);
  }
}

/** Drops what matches, as a firewall does that was opened for one protocol and not for the other. */
async function drop(host: NetworkHost, hooks: readonly string[], what: string): Promise<void> {
  // Not on loopback, which firewalls leave alone.
  const chains = hooks.map((hook) => {
    const side = hook === "input" ? "iifname" : "oifname";
    return `chain ${hook} { type filter hook ${hook} priority 0; ${side} "eth0" ${what} drop; }`;
  });
  const { code, stderr } = await host.run("nft", ["-f", "-"], {
    stdin: `table inet obstacle {\n${chains.join("\n")}\n}`,
  });
  assert.equal(code, 0, stderr);
}

/** Writes `swarm.announce_address` into a machine's configuration. */
async function announce({ root }: FleetMachine, address: string): Promise<void> {
  const path = join(root, "etc/vigo-envoy/config");
  const lines = (await Deno.readTextFile(path)).split("\n").filter((line) => !/^swarm:/.test(line));
  await Deno.writeTextFile(
    path,
    `${lines.join("\n")}\nswarm: { announce_address: "${address}" }\n`,
  );
}

/** Waits until one machine has found another, and tells how. */
async function knows(one: FleetMachine, other: FleetMachine): Promise<PeersFile["peers"][number]> {
  return await eventually(`${one.hostname} has found ${other.hostname}`, async () => {
    const file = await readPeers(one.swarmFolder);
    return file.ok &&
      file.value.peers.find(({ hostname, absent }) => hostname === other.hostname && !absent);
  }, DEADLINE_MS);
}

/** The server lists a machine at an address of its LAN. */
async function isListedAt(
  fleet: NamespacedFleet,
  { hostname }: FleetMachine,
  addresses: readonly string[],
): Promise<void> {
  await eventually(`the server knows where ${hostname} is`, async () => {
    const { envoys } = envoyList.answer.parse(
      JSON.parse(await fleet.cli("envoys", "list", "--json")),
    );
    const ip = envoys.find((envoy) => envoy.hostname === hostname)?.ip;
    if (ip && addresses.includes(ip)) return true;
    throw new Error(`it is listed at ${ip}`);
  }, DEADLINE_MS);
}

/** Waits until the server would not name a machine to others any more. */
async function isOffline(fleet: NamespacedFleet, { hostname }: FleetMachine): Promise<void> {
  await eventually(`the server takes ${hostname} as offline`, async () => {
    const { envoys } = JSON.parse(await fleet.cli("envoys", "list", "--json"));
    return envoys.find((envoy: { hostname: string }) => envoy.hostname === hostname)
      ?.presence === "offline";
  }, DEADLINE_MS);
}
