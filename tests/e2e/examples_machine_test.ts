/** Every example is published by a real server and applied by a real agent to a Debian machine that is thrown away. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { downloadPackages, offerDownloads } from "../support/debian_mirror.ts";
import { EXAMPLE_TRIALS } from "../support/example_trials.ts";
import { changesOf, faultsOf, MachineFleet } from "../support/machine_fleet.ts";
import { canBootMachine, ThrowawayMachine } from "../support/throwaway_machine.ts";

const EXAMPLES = new URL("../../examples", import.meta.url).pathname;
/** With what is looked. */
const TOOLS = ["curl", "openssl"];
/** What the examples install; everything else that these need comes along. */
const PACKAGES = [
  ...TOOLS,
  ..."nginx sudo tzdata chrony openssh-server nftables cron podman crun catatonit".split(" "),
  ..."netavark aardvark-dns uidmap slirp4netns fuse-overlayfs dbus-user-session".split(" "),
];
/** What a dry run must leave alone: files, packages, accounts, units, parameters of the network. */
const STATE = `find /etc /srv /home /usr/local /root/.ssh /var/lib/systemd/linger \
  \\( -path /etc/vigo-envoy -o -path /srv/vigo \\) -prune -o -printf '%p %y %m %u %s %T@\\n' 2>/dev/null | sort
dpkg-query --show
sysctl --all --ignore --pattern '^net\\.ipv[46]\\.' 2>/dev/null
systemctl list-units --no-legend --plain --type=service,socket,timer --state=active | sort`;

const folder = await Deno.makeTempDir({ prefix: "vigo-examples-" });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const downloaded = canBootMachine()
  ? await downloadPackages(folder, PACKAGES)
  : { reason: "a throw-away machine needs root, namespaces and systemd" };
if ("reason" in downloaded) {
  console.warn(`skipped: examples on a Debian machine: ${downloaded.reason}`);
}

Deno.test({
  name: "examples converge on a Debian machine, stay as they are, and heal",
  ignore: "reason" in downloaded,
  fn: async (t) => {
    assert.ok("files" in downloaded);
    await using machine = await ThrowawayMachine.boot({ hostname: "web-1" });
    // Images of containers have one that lets no package start its service, which no Debian machine has.
    await machine.runOrThrow("rm", ["-f", "/usr/sbin/policy-rc.d"]);
    await machine.runOrThrow("useradd", ["erik"]);
    await offerDownloads(machine, downloaded.files);
    await machine.runOrThrow("apt-get", ["install", "--yes", ...TOOLS]);
    let hostname = "web-1";
    await using fleet = await MachineFleet.start(machine, hostname);
    for (const trial of EXAMPLE_TRIALS) {
      const obstacle = await trial.obstacle?.(machine);
      if (obstacle !== undefined) {
        console.warn(`skipped: ${trial.example}: ${obstacle}`);
        await t.step({ name: `${trial.example} converges`, ignore: true, fn: () => {} });
        continue;
      }
      await t.step(
        `${trial.example} does what its dry run says, and nothing the second time`,
        async () => {
          if (trial.hostname !== hostname) {
            await fleet.cli(["envoys", "rename", hostname, trial.hostname]);
            hostname = trial.hostname;
          }
          await trial.prepare?.(fleet);
          await fleet.publish(join(EXAMPLES, trial.example));
          const before = await stateOf(machine);
          const foretold = await fleet.run({ dryRun: true });
          const after = await stateOf(machine);
          assert.deepEqual([...after].filter((line) => !before.has(line)), []);
          assert.deepEqual([...before].filter((line) => !after.has(line)), []);
          const real = await fleet.run();
          assert.deepEqual(faultsOf(real), []);
          assert.ok(changesOf(real).length > 0);
          const said = new Map(foretold.resources.map((resource) => [resource.id, resource]));
          for (const id of changesOf(real)) {
            assert.match(said.get(id)?.outcome ?? "none", /^(would_change|unknown)$/, id);
          }
          assert.deepEqual(changesOf(await fleet.run()), []);
        },
      );
      await t.step(`${trial.example} is what others see`, () => trial.look(machine));
      await t.step(`${trial.example} is put right after somebody changed it by hand`, async () => {
        await machine.runOrThrow("sh", ["-ec", trial.spoil]);
        const healed = await fleet.run();
        assert.deepEqual(faultsOf(healed), []);
        assert.deepEqual(changesOf(healed).toSorted(), trial.healed);
        await trial.look(machine);
        assert.deepEqual(changesOf(await fleet.run()), []);
        await trial.after?.(fleet, machine);
      });
    }
  },
});

async function stateOf(machine: ThrowawayMachine): Promise<ReadonlySet<string>> {
  return new Set((await machine.runOrThrow("sh", ["-c", STATE])).split("\n"));
}
