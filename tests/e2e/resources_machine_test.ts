import assert from "node:assert/strict";
import { join } from "node:path";
import { outcomesInMachine } from "../support/apply_in_machine.ts";
import { offerPackages } from "../support/debian_package.ts";
import { canBootMachine, ThrowawayMachine } from "../support/throwaway_machine.ts";

/** Packages, users and services are changed for real, so only in a machine that is thrown away. */
const canRun = canBootMachine();
const ignore = !canRun;
if (!canRun) {
  console.warn("skipped: resources in a throw-away machine need root, namespaces and systemd");
}

const UNIT_FOLDER = "etc/systemd/system";

Deno.test({
  name: "packages are installed, upgraded, pinned, held and removed",
  ignore,
  fn: async (t) => {
    await using machine = await ThrowawayMachine.boot();
    const apply = (params: Readonly<Record<string, unknown>>) =>
      outcomesInMachine(machine, [{ id: "package:x", params }]);
    const versions = async () => {
      const { stdout } = await machine.run("dpkg-query", ["-W", "-f", QUERY, "vigo-tiny*"]);
      return stdout.trim().split("\n").filter((line) => line.endsWith(" installed"));
    };
    await offerPackages(machine, [
      { name: "vigo-tiny", version: "1.0" },
      { name: "vigo-tiny-two", version: "1.0" },
    ]);

    await t.step("a list is installed at once, and the second run finds it", async () => {
      const params = { name: ["vigo-tiny", "vigo-tiny-two"] };
      assert.deepEqual(await apply(params), ["created"]);
      assert.deepEqual(await versions(), [
        "vigo-tiny 1.0 installed",
        "vigo-tiny-two 1.0 installed",
      ]);
      assert.deepEqual(await apply(params), ["none"]);
    });

    await t.step("latest follows the source and present does not", async () => {
      await offerPackages(machine, [{ name: "vigo-tiny", version: "2.0" }]);
      assert.deepEqual(await apply({ name: "vigo-tiny" }), ["none"]);
      assert.deepEqual(await apply({ name: "vigo-tiny", ensure: "latest" }), ["updated"]);
      assert.equal((await versions())[0], "vigo-tiny 2.0 installed");
    });

    await t.step("an older version is installed and held, and a hold is taken back", async () => {
      await offerPackages(machine, [
        { name: "vigo-tiny", version: "1.5" },
      ]);
      const params = { name: "vigo-tiny", version: "1.5", hold: true };
      assert.deepEqual(await apply(params), ["updated"]);
      assert.equal((await versions())[0], "vigo-tiny 1.5 installed");
      assert.equal(await machine.runOrThrow("apt-mark", ["showhold"]), "vigo-tiny\n");
      assert.deepEqual(await apply(params), ["none"]);
      assert.deepEqual(await apply({ name: "vigo-tiny", hold: false }), ["updated"]);
      assert.equal(await machine.runOrThrow("apt-mark", ["showhold"]), "");
    });

    await t.step("a package that was removed by hand comes back", async () => {
      await machine.runOrThrow("dpkg", ["--remove", "vigo-tiny"]);
      assert.deepEqual(await apply({ name: "vigo-tiny" }), ["created"]);
    });

    await t.step("an interrupted dpkg is finished first", async () => {
      await machine.runOrThrow("dpkg", ["--remove", "vigo-tiny"]);
      await machine.runOrThrow("sh", ["-c", INTERRUPT_DPKG]);
      assert.deepEqual(await apply({ name: "vigo-tiny" }), ["created"]);
    });

    await t.step("a package is removed", async () => {
      assert.deepEqual(await apply({ name: "vigo-tiny", ensure: "absent" }), ["deleted"]);
      assert.deepEqual(await apply({ name: "vigo-tiny", ensure: "absent" }), ["none"]);
    });

    await t.step("a package that no source has fails", async () => {
      const [outcome] = await apply({ name: "vigo-nowhere" });
      assert.match(outcome ?? "", /^failed: Cannot install vigo-nowhere: .*Unable to locate/s);
    });

    await t.step("a broken source blocks", async () => {
      await Deno.writeTextFile(
        join(machine.root, "etc/apt/sources.list"),
        "deb [trusted=yes] file:/srv/nowhere ./\n",
      );
      await machine.runOrThrow("sh", ["-c", "rm -rf /var/lib/apt/lists/*"]);
      const [outcome] = await apply({ name: "vigo-tiny" });
      assert.match(
        outcome ?? "",
        /^blocked: Cannot install vigo-tiny: the package sources: apt ended with status 100/,
      );
    });
  },
});

const QUERY = "${Package} ${Version} ${db:Status-Status}\n";
/** What dpkg leaves when it is killed between two steps: a journal entry that is not yet in its status file. */
const INTERRUPT_DPKG = "sed -n '1,/^$/p' /var/lib/dpkg/status > /var/lib/dpkg/updates/0001";

Deno.test({
  name: "services are started, enabled, restarted for a change, stopped, and watched for crashes",
  ignore,
  fn: async (t) => {
    await using machine = await ThrowawayMachine.boot();
    const writeUnit = (name: string, text: string) =>
      Deno.writeTextFile(join(machine.root, UNIT_FOLDER, `${name}.service`), text);
    const show = async (property: string) =>
      (await machine.runOrThrow("systemctl", ["show", `-P${property}`, "vigo-tiny"])).trim();
    const wanted = {
      id: "service:vigo-tiny",
      params: { name: "vigo-tiny", state: "running", enabled: true },
    };
    await writeUnit("vigo-tiny", TINY_UNIT);

    await t.step("a service runs now and starts with the machine", async () => {
      assert.deepEqual(await outcomesInMachine(machine, [wanted], { dryRun: true }), [
        "would_change",
      ]);
      assert.equal(await show("ActiveState"), "inactive");
      assert.deepEqual(await outcomesInMachine(machine, [wanted]), ["updated"]);
      assert.deepEqual([await show("ActiveState"), await show("UnitFileState")], [
        "active",
        "enabled",
      ]);
      assert.deepEqual(await outcomesInMachine(machine, [wanted]), ["none"]);
    });

    await t.step("a service that was killed or disabled by hand is healed", async () => {
      await machine.runOrThrow("systemctl", ["kill", "--signal=KILL", "vigo-tiny"]);
      await machine.runOrThrow("systemctl", ["disable", "vigo-tiny"]);
      await machine.run("systemctl", ["is-active", "--wait", "vigo-tiny"]);
      assert.deepEqual(await outcomesInMachine(machine, [wanted]), ["updated"]);
    });

    await t.step("a changed unit file restarts it once, with the new file", async () => {
      const unit = {
        id: "file:unit",
        params: {
          path: `/${UNIT_FOLDER}/vigo-tiny.service`,
          content: TINY_UNIT.replace("infinity", "1000000"),
        },
        notify: ["service:restart"],
      };
      const restart = {
        id: "service:restart",
        params: { name: "vigo-tiny", state: "restarted" },
        dependsOn: ["file:unit"],
        when: "changed" as const,
      };
      const before = await show("MainPID");
      assert.deepEqual(await outcomesInMachine(machine, [unit, restart]), ["updated", "updated"]);
      const after = await show("MainPID");
      assert.notEqual(after, before);
      assert.match(await machine.runOrThrow("cat", [`/proc/${after}/cmdline`]), /1000000/);
      assert.deepEqual(await outcomesInMachine(machine, [unit, restart]), ["none", "none"]);
      assert.equal(await show("MainPID"), after);
    });

    await t.step("a service is stopped and disabled", async () => {
      const stopped = { ...wanted, params: { ...wanted.params, state: "stopped", enabled: false } };
      assert.deepEqual(await outcomesInMachine(machine, [stopped]), ["updated"]);
      assert.deepEqual([await show("ActiveState"), await show("UnitFileState")], [
        "inactive",
        "disabled",
      ]);
    });

    await t.step("what cannot run, cannot be enabled or does not exist is told apart", async () => {
      await writeUnit("vigo-crash", "[Service]\nExecStart=false\nRestart=always\nRestartSec=60\n");
      await writeUnit("vigo-static", "[Service]\nExecStart=sleep infinity\n");
      await machine.runOrThrow("systemctl", ["daemon-reload"]);
      const [ghost, crash, isStatic] = await outcomesInMachine(machine, [
        { id: "service:a", params: { name: "vigo-ghost", state: "running" } },
        { id: "service:b", params: { name: "vigo-crash", state: "running" } },
        { id: "service:c", params: { name: "vigo-static", enabled: true } },
      ]);
      assert.match(ghost ?? "", /^unknown: systemd knows no service "vigo-ghost"/);
      assert.match(crash ?? "", /^failed: /);
      assert.match(isStatic ?? "", /^unknown: .* cannot be enabled: it is .*static/);
    });
  },
});

const TINY_UNIT =
  "[Service]\nExecStart=/usr/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n";

Deno.test({
  name: "users are made, changed and removed with their keys and grants",
  ignore,
  fn: async (t) => {
    await using machine = await ThrowawayMachine.boot();
    const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA mara@desk";
    const params = {
      name: "mara",
      uid: 4242,
      gid: "users",
      groups: ["adm", "games"],
      comment: "Mara of the tests",
      shell: "/bin/bash",
      home: "/home/mara",
      password: "correct horse",
      authorized_keys: [key],
      puddle: true,
    };
    const apply = (params: Readonly<Record<string, unknown>>) =>
      outcomesInMachine(machine, [{ id: "user:mara", params }]);

    await t.step("a new user has everything that was asked for", async () => {
      assert.deepEqual(await apply(params), ["created"]);
      assert.equal(
        await machine.runOrThrow("getent", ["passwd", "mara"]),
        "mara:x:4242:100:Mara of the tests:/home/mara:/bin/bash\n",
      );
      assert.equal(await machine.runOrThrow("id", ["-Gn", "mara"]), "users adm games\n");
      assert.equal(
        await machine.runOrThrow("stat", ["-c", "%a %U %n", ...KEY_PATHS]),
        "700 mara /home/mara/.ssh\n600 mara /home/mara/.ssh/authorized_keys\n",
      );
      assert.equal(
        await machine.runOrThrow("cat", ["/home/mara/.ssh/authorized_keys"]),
        `${key}\n`,
      );
      assert.deepEqual(await apply(params), ["none"]);
    });

    await t.step("the password is one that the machine's own login accepts", async () => {
      const shadow = await machine.runOrThrow("getent", ["shadow", "mara"]);
      const hash = shadow.split(":")[1] ?? "";
      const salt = hash.split("$")[2] ?? "";
      const again = await machine.runOrThrow("openssl", ["passwd", "-6", "-salt", salt, "-stdin"], {
        stdin: "correct horse\n",
      });
      assert.equal(again.trim(), hash);
    });

    await t.step("what was changed by hand is healed, other groups stay", async () => {
      await machine.runOrThrow("usermod", ["-s", "/bin/sh", "-G", "audio", "mara"]);
      await machine.runOrThrow("sh", ["-c", "echo 'mara:other' | chpasswd"]);
      await machine.runOrThrow("sh", ["-c", `echo 'ssh-rsa AAAA evil' >> ${KEY_PATHS[1]}`]);
      assert.deepEqual(await apply(params), ["updated"]);
      assert.equal(await machine.runOrThrow("id", ["-Gn", "mara"]), "users adm audio games\n");
      assert.equal(await machine.runOrThrow("cat", [KEY_PATHS[1]]), `${key}\n`);
      assert.deepEqual(await apply(params), ["none"]);
    });

    await t.step("a link planted in a home is followed with the user's rights alone", async () => {
      await machine.runOrThrow("sh", [
        "-c",
        "echo root-only > /root/target; chmod 600 /root/target",
      ]);
      await machine.runOrThrow("sh", ["-c", "cd /home/mara && rm -r .ssh && ln -s /root .ssh"]);
      const [outcome] = await apply(params);
      assert.match(outcome ?? "", /^failed: /);
      assert.equal((await machine.run("ls", ["/root/authorized_keys"])).code, 2);
      await machine.runOrThrow("rm", ["/home/mara/.ssh"]);
    });

    await t.step("grants are readable by all, and a flag that is taken away is gone", async () => {
      const path = "/var/lib/vigo/usercrate-policy/mara.json";
      assert.equal(await machine.runOrThrow("stat", ["-c", "%a %u", path]), "644 0\n");
      assert.match(await machine.runOrThrow("cat", [path]), /"puddle":true/);
      assert.deepEqual(await apply({ name: "mara" }), ["updated"]);
      assert.match(await machine.runOrThrow("cat", [path]), /"puddle":false/);
    });

    await t.step("a removed user leaves its home and loses its grants", async () => {
      assert.deepEqual(await apply({ name: "mara", ensure: "absent" }), ["deleted"]);
      assert.equal((await machine.run("getent", ["passwd", "mara"])).code, 2);
      assert.equal((await machine.run("test", ["-d", "/home/mara"])).code, 0);
      assert.equal(await machine.runOrThrow("ls", ["/var/lib/vigo/usercrate-policy"]), "");
      assert.deepEqual(await apply({ name: "mara", ensure: "absent" }), ["none"]);
    });
  },
});

const KEY_PATHS = ["/home/mara/.ssh", "/home/mara/.ssh/authorized_keys"] as const;

Deno.test({
  name: "a full or read-only disk blocks, and leaves the old file whole",
  ignore,
  fn: async () => {
    await using machine = await ThrowawayMachine.boot();
    const old = "old\n".repeat(10_000);
    await machine.runOrThrow("sh", [
      "-c",
      "mkdir /srv/full && mount -t tmpfs -o size=80k none $0"
        .replace("$0", "/srv/full"),
    ]);
    await machine.runOrThrow("sh", ["-c", "cat > /srv/full/data"], { stdin: old });
    const write = (content: string) =>
      outcomesInMachine(machine, [{ id: "file:a", params: { path: "/srv/full/data", content } }]);

    const [full] = await write("new\n".repeat(50_000));
    assert.equal(full, 'blocked: Cannot write "/srv/full/data": no space left on device');
    assert.equal(await machine.runOrThrow("cat", ["/srv/full/data"]), old);
    assert.equal(await machine.runOrThrow("ls", ["-A", "/srv/full"]), "data\n");

    await machine.runOrThrow("mount", ["-o", "remount,ro", "/srv/full"]);
    const [readOnly] = await write("small\n");
    assert.equal(readOnly, 'blocked: Cannot write "/srv/full/data": the file system is read-only');

    await machine.runOrThrow("mount", ["-o", "remount,rw,size=4m", "/srv/full"]);
    assert.deepEqual(await write("new\n".repeat(50_000)), ["updated"]);
  },
});
