import assert from "node:assert/strict";
import { join } from "node:path";
import { stringify } from "yaml";
import { filecastShow } from "../../shared/rest/swarm.ts";
import { enrollTokenCreate } from "../../shared/rest/enroll.ts";
import { programCommand } from "../../tools/demo/run_program.ts";
import { canUseNamespaces, NetworkFleet, type NetworkHost } from "../support/network_namespaces.ts";
import type { TestProcess } from "../support/process.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";

const DEADLINE_MS = 60_000;
const CAST_BYTES = 16 * 1024 * 1024;
const HOSTNAMES = ["hub", "web-1", "web-2", "db-1"] as const;
const ORIGIN_MBIT_PER_SECOND = 60;
/** The server's own host, whose agent is the origin. */
const HUB = 0;

Deno.test({
  name: "hosts with networks of their own share a file, and help each other",
  ignore: !canUseNamespaces(),
  fn: async () => {
    await using root = await TemporaryRoot.create();
    await using net = await NetworkFleet.create({ hosts: HOSTNAMES.length });
    const hub = hostAt(net, HUB);
    const rootOf = (index: number) => root.join(HOSTNAMES[index] ?? "");
    await Deno.mkdir(join(rootOf(HUB), "srv/vigo"), { recursive: true });
    await Deno.writeTextFile(
      join(rootOf(HUB), "srv/vigo/server.yaml"),
      stringify({
        server: { hostname: "hub", tls_sans: [hub.address] },
        checkin: { interval: "1s" },
        swarm: { enabled: ["*"], payload: { enabled: ["*"] } },
      }),
    );
    await using server = start(hub, "vigosrv", ["--root", rootOf(HUB)]);
    await server.waitForLine(/ is ready: /, DEADLINE_MS);
    const cli = async (...args: string[]) => {
      const command = programCommand("vigocli", [...args, "--root", rootOf(HUB)]);
      const { code, stdout, stderr } = await hub.run(Deno.execPath(), command);
      assert.equal(code, 0, stderr);
      return stdout;
    };

    await using agents = new AsyncDisposableStack();
    for (const [index, hostname] of HOSTNAMES.entries()) {
      const host = hostAt(net, index);
      const printed = await cli("enroll", "token", "create", "--hostname", hostname, "--json");
      const { token } = enrollTokenCreate.answer.parse(JSON.parse(printed));
      const bootstrap = await host.run(
        Deno.execPath(),
        programCommand("vigo", [
          "bootstrap",
          "--root",
          rootOf(index),
          "--server",
          `https://${hub.address}:8443`,
          "--ca",
          join(rootOf(HUB), "srv/vigo/tls/ca.crt"),
          "--hostname",
          hostname,
        ]),
        { env: { VIGO_TOKEN: token } },
      );
      assert.equal(bootstrap.code, 0, bootstrap.stderr);
      const agent = start(host, "vigo", ["daemon", "--root", rootOf(index)]);
      agents.use(agent);
      await agent.waitForLine(/swarm manager started/, DEADLINE_MS);
    }

    // An origin that is slower than its neighbours: only by helping each other are they done soon.
    await hub.limitBandwidth(ORIGIN_MBIT_PER_SECOND);
    const file = root.join("release.bin");
    const bytes = new Uint8Array(CAST_BYTES);
    for (let at = 0; at < bytes.length; at += 65_536) {
      crypto.getRandomValues(bytes.subarray(at, at + 65_536));
    }
    await Deno.writeFile(file, bytes);
    const printed = await cli(
      "swarm",
      "filecast",
      "distribute",
      file,
      "--target",
      "*",
      "--wait",
      "--json",
    );
    const { hosts } = filecastShow.answer.parse(JSON.parse(printed));
    assert.deepEqual(hosts.map(({ status }) => status), HOSTNAMES.map(() => "complete"));
    const helped = hosts.filter(({ origin, sources }) =>
      !origin && Object.keys(sources).some((source) => source !== "hub" && source !== "cached")
    );
    assert.ok(helped.length >= 2, JSON.stringify(hosts));
    for (const index of HOSTNAMES.keys()) {
      const copy = join(rootOf(index), "var/lib/vigo/swarm/files/release.bin");
      assert.deepEqual(await Deno.readFile(copy), bytes);
    }
  },
});

function hostAt(net: NetworkFleet, index: number): NetworkHost {
  const host = net.hosts[index];
  if (host === undefined) throw new RangeError(`There is no host ${index} in this network`);
  return host;
}

function start(host: NetworkHost, program: "vigosrv" | "vigo", args: string[]): TestProcess {
  return host.start(Deno.execPath(), programCommand(program, args), {
    // How full this machine's disk is decides nothing here.
    env: { VIGO_MIN_FREE_PCT: "1" },
  });
}
