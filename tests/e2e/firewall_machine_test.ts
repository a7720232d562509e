import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { outcomesInMachine } from "../support/apply_in_machine.ts";
import { canBootMachine, ThrowawayMachine } from "../support/throwaway_machine.ts";

/** Rules are put in force for real, so only in a machine that is thrown away. */
const canRun = canBootMachine() && existsSync("/usr/sbin/nft");
if (!canRun) console.warn("skipped: firewall rules in a throw-away machine need root and nftables");

/** Another host, as a network namespace of the machine at the other end of a cable. */
const MAKE_NEIGHBOUR = `set -e
unshare --net sleep infinity & other=$!
until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
ip link add cable type veth peer name cable netns $other
ip addr add 192.0.2.1/24 dev cable
ip link set cable up
nsenter --target $other --net ip addr add 192.0.2.2/24 dev cable
nsenter --target $other --net ip link set cable up
nsenter --target $other --net ip link set lo up
echo "neighbour $other"
wait`;

/** Answers on every port it is given with what it hears. */
const SERVE = `await Promise.all(Deno.args.map(async (port) => {
  const listener = Deno.listen({ hostname: "192.0.2.2", port: Number(port) });
  console.log("listening " + port);
  for await (const link of listener) void link.readable.pipeTo(link.writable).catch(() => {});
}));`;

/** Opens a connection, says so, and after a line on standard input sends it and prints what comes back. */
const CALL =
  `const link = await Deno.connect({ hostname: "192.0.2.2", port: Number(Deno.args[0]) });
console.log("open");
const bytes = new Uint8Array(100);
const length = await Deno.stdin.read(bytes);
await link.write(bytes.subarray(0, length));
console.log("heard " + new TextDecoder().decode(bytes.subarray(0, await link.read(bytes))).trim());
Deno.exit(0);`;

Deno.test({
  name: "rules hold, and the way to the server stays open whatever they say",
  ignore: !canRun,
  fn: async (t) => {
    await using machine = await ThrowawayMachine.boot();
    await using neighbour = machine.start("sh", ["-c", MAKE_NEIGHBOUR]);
    const [, other = ""] = await neighbour.waitForLine(/^neighbour (\d+)$/);
    const deno = ["run", "--allow-all", "--no-check"];
    await Deno.writeTextFile(`${machine.root}/root/serve.ts`, SERVE);
    await Deno.writeTextFile(`${machine.root}/root/call.ts`, CALL);
    const inside = ["--target", other, "--net", Deno.execPath(), ...deno, "/root/serve.ts"];
    await using server = machine.start("nsenter", [...inside, "1530", "8443", "9999"]);
    for (const port of [1530, 8443, 9999]) {
      await server.waitForLine(new RegExp(`^listening ${port}$`));
    }
    const call = (port: number) =>
      machine.start(Deno.execPath(), [...deno, "/root/call.ts", String(port)]);
    /** Whether a new connection comes about; a closed port answers at once, since the rules reject. */
    const reaches = async (port: number) => {
      const { code } = await machine.run(
        Deno.execPath(),
        [...deno, "/root/call.ts", String(port)],
        {
          stdin: "hello\n",
        },
      );
      return code === 0;
    };
    const apply = (...list: readonly Readonly<Record<string, unknown>>[]) =>
      outcomesInMachine(
        machine,
        list.map((params) => ({ id: `firewall:${params.name}`, params })),
      );

    await using early = call(9999);
    await early.waitForLine(/^open$/);

    await t.step("everything is closed but what the agent needs", async () => {
      assert.deepEqual([await reaches(9999), await reaches(1530)], [true, true]);
      assert.deepEqual(
        await apply(
          { name: "all out", direction: "out", proto: "tcp", action: "reject", order: 0 },
          { name: "all in", direction: "in", action: "reject", order: 0 },
          { name: "out", ensure: "default", direction: "out", action: "drop" },
          { name: "in", ensure: "default", direction: "in", action: "drop" },
        ),
        ["created", "created", "updated", "updated"],
      );
      assert.deepEqual(
        [await reaches(9999), await reaches(1530), await reaches(8443)],
        [false, true, true],
      );
    });

    await t.step("a connection that was open before goes on", async () => {
      early.write("still here\n");
      await early.waitForLine(/^heard still here$/);
    });

    await t.step("a rule of lower order opens what a later one closes", async () => {
      const rule = { name: "a", direction: "out", proto: "tcp", port: 9999, action: "accept" };
      assert.deepEqual(await apply({ ...rule, order: 0, destination: "192.0.2.0/24" }), [
        "created",
      ]);
      assert.equal(await reaches(9999), true);
      assert.deepEqual(await apply({ ...rule, order: 900 }), ["updated"]);
      assert.equal(await reaches(9999), false);
    });

    await t.step("the rules come back with the machine", async () => {
      const before = await machine.runOrThrow("nft", ["list", "table", "inet", "vigo"]);
      await machine.runOrThrow("nft", ["flush", "ruleset"]);
      await machine.runOrThrow("systemctl", ["start", "vigo-firewall"]);
      assert.equal(await machine.runOrThrow("nft", ["list", "table", "inet", "vigo"]), before);
      const wanted = await machine.runOrThrow("systemctl", [
        "show",
        "-PWantedBy",
        "vigo-firewall",
      ]);
      assert.equal(wanted.trim(), "sysinit.target");
    });

    await t.step("tables of others are not touched", async () => {
      await machine.runOrThrow("nft", ["add", "table", "inet", "theirs"]);
      assert.deepEqual(await apply({ name: "all in", ensure: "absent" }), ["deleted"]);
      assert.match(await machine.runOrThrow("nft", ["list", "tables"]), /table inet theirs/);
    });

    await t.step("who asks for it is taken at their word", async () => {
      assert.deepEqual(
        await apply({
          name: "out",
          ensure: "default",
          direction: "out",
          action: "drop",
          protect_management: false,
        }),
        ["updated"],
      );
      // A call would now wait for an answer that never comes.
      const list = (name: string) =>
        machine.runOrThrow("nft", ["list", "chain", "inet", "vigo", name]);
      assert.doesNotMatch(await list("output"), /vigo keeps/);
      assert.match(await list("input"), /vigo keeps: open connections/);
    });

    await t.step("without rules nothing is left of them", async () => {
      const outcomes = await apply(
        { name: "all out", ensure: "absent" },
        { name: "a", ensure: "absent" },
        { name: "out", ensure: "default", direction: "out", action: "accept" },
        { name: "in", ensure: "default", direction: "in", action: "accept" },
      );
      assert.deepEqual(outcomes, ["deleted", "deleted", "updated", "updated"]);
      assert.doesNotMatch(await machine.runOrThrow("nft", ["list", "tables"]), /vigo/);
      assert.equal((await machine.run("test", ["-e", "/etc/vigo-firewall.nft"])).code, 1);
      assert.equal(await reaches(9999), true);
    });
  },
});
