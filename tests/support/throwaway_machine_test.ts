import assert from "node:assert/strict";
import { join } from "node:path";
import { buildDebianPackage, offerPackages } from "./debian_package.ts";
import { NetworkFleet } from "./network_namespaces.ts";
import { runCommand } from "./run_command.ts";
import { canBootMachine, ThrowawayMachine } from "./throwaway_machine.ts";

const ignore = !canBootMachine();

Deno.test({
  name: "a user, a service and a package change in the machine and not on its host",
  ignore,
  fn: async (t) => {
    await using machine = await ThrowawayMachine.boot();

    await t.step("a user", async () => {
      await machine.runOrThrow("useradd", ["--create-home", "vigo-guest"]);
      assert.match(await machine.runOrThrow("id", ["vigo-guest"]), /^uid=\d+\(vigo-guest\)/);
      assert.equal((await runCommand("id", ["vigo-guest"])).code, 1);
    });

    await t.step("a service", async () => {
      await Deno.writeTextFile(
        join(machine.root, "etc/systemd/system/vigo-tiny.service"),
        "[Service]\nExecStart=sleep infinity\n[Install]\nWantedBy=multi-user.target\n",
      );
      await machine.runOrThrow("systemctl", ["daemon-reload"]);
      await machine.runOrThrow("systemctl", ["enable", "--now", "vigo-tiny"]);
      assert.equal((await machine.run("systemctl", ["is-active", "vigo-tiny"])).stdout, "active\n");
      await assert.rejects(
        Deno.stat("/etc/systemd/system/vigo-tiny.service"),
        Deno.errors.NotFound,
      );
    });

    await t.step("a package, with dpkg", async () => {
      const built = await buildDebianPackage(join(machine.root, "tmp"), {
        name: "vigo-tiny",
        version: "1.0",
        files: { "/usr/share/vigo-tiny/greeting": "hello\n" },
      });
      await machine.runOrThrow("dpkg", ["-i", built.slice(machine.root.length)]);
      assert.equal(await machine.runOrThrow("cat", ["/usr/share/vigo-tiny/greeting"]), "hello\n");
      await assert.rejects(Deno.stat("/usr/share/vigo-tiny"), Deno.errors.NotFound);
    });

    await t.step("a package with what it depends on, with apt and no internet", async () => {
      await offerPackages(machine, [
        { name: "vigo-tiny", version: "2.0", fields: { Depends: "vigo-tiny-base (>= 2)" } },
        { name: "vigo-tiny-base", version: "2.1" },
      ]);
      await machine.runOrThrow("apt-get", ["install", "-y", "vigo-tiny"]);
      const query = ["-W", "-f", "${Package} ${Version}\n", "vigo-tiny*"];
      assert.equal(
        await machine.runOrThrow("dpkg-query", query),
        "vigo-tiny 2.0\nvigo-tiny-base 2.1\n",
      );
      assert.equal((await runCommand("dpkg-query", ["-W", "vigo-tiny"])).code, 1);
    });
  },
});

Deno.test({
  name: "the machine has its own name, processes and clock rights, and its host's programs",
  ignore,
  fn: async () => {
    await using machine = await ThrowawayMachine.boot({ hostname: "db-1" });
    assert.equal((await machine.run("hostname")).stdout, "db-1\n");
    assert.equal((await machine.run("cat", ["/proc/1/comm"])).stdout, "systemd\n");
    assert.notEqual((await machine.run("date", ["-s", "@0"])).code, 0);
    assert.notEqual((await machine.run("sh", ["-c", "echo 1 > /proc/sys/kernel/panic"])).code, 0);
    assert.equal((await machine.run("sh", ["-c", "ls /dev/[sv]da* 2>/dev/null"])).stdout, "");
    const echo = 'console.log(await new Response(Deno.stdin.readable).text(), Deno.env.get("A"))';
    const deno = await machine.run(Deno.execPath(), ["eval", echo], {
      stdin: "in",
      env: { A: "b" },
    });
    assert.equal(deno.stdout, "in b\n", deno.stderr);
  },
});

Deno.test({
  name: "the machine sees the repository with its writes kept to itself",
  ignore,
  fn: async () => {
    await using machine = await ThrowawayMachine.boot();
    const here = join(import.meta.dirname ?? ".", "vigo-written-by-a-test");
    await machine.runOrThrow("touch", [here]);
    await assert.rejects(Deno.stat(here), Deno.errors.NotFound);
    const product = import.meta.resolve("./free_port.ts");
    const program = `console.log((await import("${product}")).findFreePort() > 0)`;
    assert.equal(await machine.runOrThrow(Deno.execPath(), ["eval", program]), "true\n");
  },
});

Deno.test({
  name: "a machine can stand on a host of a network",
  ignore,
  fn: async () => {
    await using net = await NetworkFleet.create({ hosts: 2 });
    await using machine = await ThrowawayMachine.boot({ network: net.host(1) });
    const serve = `Deno.serve({ hostname: "10.77.1.2", port: 80 }, () => new Response("booted"))`;
    await using server = machine.start(Deno.execPath(), ["eval", serve]);
    await server.waitForLine(/Listening/);
    const get = `console.log(await (await fetch("http://10.77.1.2")).text())`;
    assert.equal((await net.host(0).run(Deno.execPath(), ["eval", get])).stdout, "booted\n");
  },
});

Deno.test({
  name: "the end of the scope ends every process of the machine",
  ignore,
  fn: async () => {
    let pid = 0;
    {
      await using machine = await ThrowawayMachine.boot();
      pid = machine.pid;
      assert.equal((await Deno.readTextFile(`/proc/${pid}/comm`)).trim(), "systemd");
    }
    await assert.rejects(Deno.readTextFile(`/proc/${pid}/comm`), Deno.errors.NotFound);
  },
});
