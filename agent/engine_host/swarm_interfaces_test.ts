import assert from "node:assert/strict";
import type { InterfaceAddress } from "../traits/collector.ts";
import { parseSpeed, swarmInterfaces } from "./swarm_interfaces.ts";

const on = (name: string, address: string): InterfaceAddress => ({
  name,
  address,
  family: address.includes(":") ? "IPv6" : "IPv4",
  netmask: "255.255.255.0",
  mac: "",
});

const ADDRESSES = [
  on("lo", "127.0.0.1"),
  on("eth0", "10.0.0.2"),
  on("eth0", "fd00::2"),
  on("docker0", "172.17.0.1"),
];

Deno.test("the swarm is found on the LAN's IPv4 addresses", () => {
  assert.deepEqual(swarmInterfaces(ADDRESSES, undefined, () => 1000), [
    { name: "eth0", address: "10.0.0.2", netmask: "255.255.255.0", speedMbps: 1000 },
  ]);
});

Deno.test("a configured address is the only one, loopback and virtual ones too", () => {
  const names = (listen: string) =>
    swarmInterfaces(ADDRESSES, listen, () => undefined).map(({ name, address }) => [name, address]);
  assert.deepEqual(names("127.0.0.7"), [["lo", "127.0.0.7"]]);
  assert.deepEqual(names("172.17.0.1"), [["docker0", "172.17.0.1"]]);
  assert.deepEqual(names("10.9.9.9"), []);
});

Deno.test("a speed that is not told is absent", () => {
  assert.equal(parseSpeed("10000\n"), 10_000);
  assert.equal(parseSpeed("-1\n"), undefined);
  assert.equal(parseSpeed(undefined), undefined);
});
