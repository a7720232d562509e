import assert from "node:assert/strict";
import { sysctlParts } from "../../shared/config/resources/sysctl.ts";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { sysctl } from "./sysctl.ts";

Deno.test("both spellings of a key lead to the same parameter", () => {
  assert.deepEqual(sysctlParts("net.ipv4.conf.eth0/100.forwarding"), [
    "net",
    "ipv4",
    "conf",
    "eth0.100",
    "forwarding",
  ]);
  assert.deepEqual(
    sysctlParts("net/ipv4/conf/eth0.100/forwarding"),
    sysctlParts("net.ipv4.conf.eth0/100.forwarding"),
  );
});

Deno.test("a value that the kernel refuses is not kept for the next start", async () => {
  await using machine = await TemporaryMachine.create();
  machine.host.fakeParameters.write = () => Promise.reject(new Error("invalid argument"));
  const params = sysctl.schema.parse({ key: "vm.swappiness", value: 1000 });
  await assert.rejects(sysctl.apply(params, machine.context()), /invalid argument/);
  assert.equal(await machine.files.inspect(machine.root.join("etc/sysctl.d")), undefined);
});

Deno.test("IPv6 may be switched off where the agent does not need it", async () => {
  await using machine = await TemporaryMachine.create();
  const params = sysctl.schema.parse({ key: "net.ipv6.conf.all.disable_ipv6", value: 1 });
  assert.equal((await sysctl.check(params, machine.context())).kind, "would_change");
});
