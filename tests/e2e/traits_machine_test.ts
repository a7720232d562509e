/** What `vigo traits` says of a machine follows what is done to it. */
import assert from "node:assert/strict";
import { programCommand } from "../support/run_program.ts";
import { canBootMachine, ThrowawayMachine } from "../support/throwaway_machine.ts";

const canRun = canBootMachine();
if (!canRun) {
  console.warn("skipped: traits in a throw-away machine need root, namespaces and systemd");
}

const vigoTraits = (machine: ThrowawayMachine, ...names: string[]) =>
  machine.run(Deno.execPath(), programCommand("vigo", ["traits", ...names, "--json"]));

async function readTraits(machine: ThrowawayMachine) {
  const { code, stdout, stderr } = await vigoTraits(machine);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

Deno.test({ name: "traits follow what becomes of a machine", ignore: !canRun }, async (t) => {
  await using machine = await ThrowawayMachine.boot({ hostname: "web-7" });
  const shell = (script: string) => machine.runOrThrow("sh", ["-ec", script]);

  await t.step(
    "its name, its system and what starts its services, as hostnamectl says",
    async () => {
      const { os, container } = await readTraits(machine);
      const told = JSON.parse(await machine.runOrThrow("hostnamectl", ["--json=short"]));
      assert.equal(os.hostname, told.Hostname);
      assert.equal(os.hostname, "web-7");
      assert.equal(os.kernel, told.KernelRelease);
      assert.ok(told.OperatingSystemPrettyName.startsWith(os.name), told.OperatingSystemPrettyName);
      assert.equal(os.init, "systemd");
      const runtime = (await machine.run("systemd-detect-virt", ["--container"])).stdout.trim();
      assert.deepEqual(container, { inside: true, runtime });
    },
  );

  await t.step(
    "a user, a mount, a time zone and a name server",
    async () => {
      await shell(`useradd --shell /bin/bash mara && usermod -aG adm mara
      mkdir /srv/data && mount -t tmpfs -o size=64m,ro vigo /srv/data
      ln -sf /usr/share/zoneinfo/Europe/Vienna /etc/localtime
      umount /etc/resolv.conf 2>/dev/null || true
      printf 'nameserver 192.0.2.53\\nsearch example.com\\n' > /run/resolv.conf
      rm -f /etc/resolv.conf && ln -s /run/resolv.conf /etc/resolv.conf`);
      const traits = await readTraits(machine);
      assert.equal(traits.users.mara.shell, "/bin/bash");
      assert.deepEqual(traits.users.mara.groups, ["adm"]);
      assert.equal(traits.mountpoints["/srv/data"].type, "tmpfs");
      const { read_only: isReadOnly, size_mb: sizeMb } = traits.filesystem["/srv/data"];
      assert.deepEqual([isReadOnly, sizeMb], [true, 64]);
      assert.equal(traits.time.timezone, "Europe/Vienna");
      assert.deepEqual(traits.network.nameservers, ["192.0.2.53"]);
      assert.deepEqual(traits.network.search, ["example.com"]);
    },
  );

  await t.step(
    "an operator's program gives a trait, and one that anybody may change does not",
    async () => {
      await shell(`mkdir -p /etc/vigo-envoy/traits.d && cd /etc/vigo-envoy/traits.d
      printf '#!/bin/sh\\necho "{\\\\"slot\\\\": 7, \\\\"uid\\\\": $(id -u)}"\\n' > rack.sh
      cp rack.sh loose && chmod 755 rack.sh && chmod 777 loose`);
      const good = await vigoTraits(machine, "rack");
      assert.equal(good.code, 0, good.stderr);
      assert.deepEqual(JSON.parse(good.stdout), { slot: 7, uid: 0 });
      const all = await vigoTraits(machine);
      assert.equal(all.code, 1);
      assert.match(
        all.stderr,
        /^warning: trait collector loose failed: .*can be written by others.*chmod go-w.*\n$/,
      );
      const { rack, loose, agent_self: self } = JSON.parse(all.stdout);
      assert.equal(rack.slot, 7);
      assert.equal(loose, undefined);
      assert.deepEqual(self.failed, ["loose"]);
    },
  );
});
