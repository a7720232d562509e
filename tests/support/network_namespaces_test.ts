import assert from "node:assert/strict";
import { canUseNamespaces, NetworkFleet, type NetworkHost } from "./network_namespaces.ts";
import { eventually } from "./eventually.ts";
import { MulticastEar } from "./multicast_ear.ts";
import { TestProcess } from "./process.ts";
import { runOrThrow } from "./run_command.ts";

const ignore = !canUseNamespaces();
const GROUP = { address: "224.0.0.99", port: 9999 };

async function listNamespaces(prefix: string): Promise<readonly string[]> {
  const names = (await runOrThrow("ip", ["netns", "list"])).split("\n");
  return names.filter((name) => name.startsWith(prefix));
}

Deno.test({
  name: "hosts reach each other at their own addresses, across the router too",
  ignore,
  fn: async () => {
    await using net = await NetworkFleet.create({ hosts: [2, 1] });
    assert.deepEqual(
      net.hosts.map(({ address }) => address),
      ["10.77.1.1", "10.77.1.2", "10.77.2.1"],
    );
    const serve = `Deno.serve({ hostname: "10.77.1.2", port: 80 }, (_, { remoteAddr }) =>
      new Response(remoteAddr.hostname))`;
    await using server = net.host(1).start(Deno.execPath(), ["eval", serve]);
    await server.waitForLine(/Listening/);
    for (const caller of [net.host(0), net.host(2)]) {
      const get = `console.log(await (await fetch("http://10.77.1.2")).text())`;
      const { stdout, stderr } = await caller.run(Deno.execPath(), ["eval", get]);
      assert.equal(stdout, `${caller.address}\n`, stderr);
    }
  },
});

Deno.test({
  name: "a host that is not connected loses what is sent to it",
  ignore,
  fn: async () => {
    await using net = await NetworkFleet.create({ hosts: 2 });
    const link = async () =>
      (await net.host(1).run("cat", ["/sys/class/net/eth0/carrier"])).stdout.trim();
    assert.equal(await link(), "1");
    await net.host(1).setConnected(false);
    await eventually("the carrier is lost", async () => await link() === "0");
  },
});

Deno.test({
  name: "a host to which the switch passes no multicast hears none, and is heard all the same",
  ignore,
  fn: async () => {
    await using net = await NetworkFleet.create({ hosts: 2 });
    const [near, far] = [net.host(0), net.host(1)];
    await using ear = await MulticastEar.open(far, GROUP);
    await using own = await MulticastEar.open(near, GROUP);
    const shout = async (from: NetworkHost, text: string) => {
      const send = `const socket = Deno.listenDatagram({
          transport: "udp", hostname: "${from.address}", port: 0, loopback: true });
        await socket.send(new TextEncoder().encode(${JSON.stringify(text)}),
          { transport: "udp", hostname: "${GROUP.address}", port: ${GROUP.port} });`;
      const { code, stderr } = await from.run(
        Deno.execPath(),
        ["eval", "--unstable-net", send],
      );
      assert.equal(code, 0, stderr);
    };
    await far.setMulticastHeard(false);
    await shout(near, "lost");
    await shout(far, "from the deaf");
    await far.setMulticastHeard(true);
    await shout(near, "heard\nin lines");
    await eventually(
      "the last is heard",
      () => ear.heard.length === 2 && own.heard.length === 3,
    );
    assert.deepEqual(ear.heard, [
      { from: far.address, text: "from the deaf" },
      { from: near.address, text: "heard\nin lines" },
    ]);
    assert.deepEqual(own.heard.map(({ text }) => text), [
      "lost",
      "from the deaf",
      "heard\nin lines",
    ]);
  },
});

Deno.test({
  name: "a bandwidth limit holds in both directions and can be replaced",
  ignore,
  fn: async () => {
    await using net = await NetworkFleet.create({ hosts: 1 });
    await net.host(0).limitBandwidth(10);
    await net.host(0).limitBandwidth(20);
    const { stdout } = await net.host(0).run("tc", ["qdisc", "show", "dev", "eth0"]);
    assert.match(stdout, /tbf .*rate 20Mbit/);
  },
});

Deno.test({
  name: "nothing is left after the scope, not even a process that ran inside",
  ignore,
  fn: async () => {
    let prefix = "";
    let inside: TestProcess;
    {
      await using net = await NetworkFleet.create({ hosts: 2 });
      prefix = net.host(0).namespace.split("-")[0] ?? "";
      assert.equal((await listNamespaces(prefix)).length, 3);
      inside = net.host(0).start("sleep", ["1000"]);
    }
    assert.equal((await inside.exited).signal, "SIGKILL");
    assert.deepEqual(await listNamespaces(prefix), []);
  },
});

Deno.test({
  name: "nothing is left when the test run itself is killed",
  ignore,
  fn: async () => {
    const module = import.meta.resolve("./network_namespaces.ts");
    const hold = `import { NetworkFleet } from "${module}";
      const net = await NetworkFleet.create({ hosts: 1 });
      console.log("have " + net.hosts[0].namespace);
      await new Promise(() => setInterval(() => {}, 1000));`;
    await using run = TestProcess.start(Deno.execPath(), ["eval", hold]);
    const [, namespace = ""] = await run.waitForLine(/have (\S+)/);
    assert.notDeepEqual(await listNamespaces(namespace), []);
    await run.kill();
    const noneLeft = async () => (await listNamespaces(namespace)).length === 0;
    await eventually("the namespaces are gone", noneLeft);
  },
});

Deno.test("a network without hosts is refused", async () => {
  await assert.rejects(NetworkFleet.create({ hosts: [2, 0] }), /network of \[2,0\] hosts/);
});
