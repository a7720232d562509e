import assert from "node:assert/strict";
import type { InterfaceAddress } from "./collector.ts";
import { chooseLanAddress, isLanInterface, parseDefaultInterface } from "./lan_address.ts";

function on(name: string, address: string): InterfaceAddress {
  const family = address.includes(":") ? "IPv6" : "IPv4";
  return { name, address, family, netmask: "", mac: "" };
}

Deno.test("interfaces of containers, bridges, virtual machines and tunnels never count", () => {
  const containers = [
    "docker0",
    "podman1",
    "cni-podman0",
    "flannel.1",
    "cali12",
    "br-1a2b",
    "veth9",
  ];
  const machines = ["virbr0", "vnet3", "vmnet8", "lxcbr0", "lxdbr0"];
  const tunnels = [
    "tun0",
    "tunl0",
    "utun4",
    "tap0",
    "wg0",
    "tailscale0",
    "zt5u4",
    "ppp0",
    "ipsec0",
  ];
  const names = [...containers, ...machines, ...tunnels];
  assert.deepEqual(names.filter(isLanInterface), []);
  assert.ok(["eth0", "br0", "wlan0", "enp3s0", "en0", "bond0"].every(isLanInterface));
  assert.equal(chooseLanAddress(names.map((name) => on(name, "10.1.1.1")), "wg0"), undefined);
});

Deno.test("the interface of the default route comes first, IPv4 before IPv6", () => {
  const addresses = [on("eth0", "10.0.0.2"), on("eth1", "fd00::1"), on("eth1", "10.0.1.2")];
  assert.equal(chooseLanAddress(addresses, "eth1"), "10.0.1.2");
  assert.equal(chooseLanAddress(addresses, undefined), "10.0.0.2");
});

Deno.test("interfaces without a default route are taken in the order of their numbers", () => {
  assert.equal(
    chooseLanAddress([on("eth10", "10.0.0.10"), on("eth2", "10.0.0.2")], undefined),
    "10.0.0.2",
  );
});

Deno.test("loopback and link-local are never the LAN", () => {
  const addresses = [on("lo", "127.0.0.1"), on("eth0", "169.254.3.4"), on("eth0", "fe80::1")];
  assert.equal(chooseLanAddress(addresses, "eth0"), undefined);
});

Deno.test("an address to listen on is the address, loopback too", () => {
  assert.equal(chooseLanAddress([on("eth0", "10.0.0.2")], "eth0", "127.0.0.7"), "127.0.0.7");
  assert.equal(chooseLanAddress([on("eth0", "10.0.0.2")], "eth0", "0.0.0.0"), "10.0.0.2");
});

Deno.test("the default route with the lowest metric decides, a tunnel's never", () => {
  const row = (name: string, metric: number, destination = "00000000") =>
    `${name}\t${destination}\t0102A8C0\t0003\t0\t0\t${metric}\t00000000\t0\t0\t0`;
  const table = ["Iface ...", row("wg0", 1), row("wlan0", 600), row("eth0", 100)].join("\n");
  assert.equal(parseDefaultInterface(table), "eth0");
  assert.equal(parseDefaultInterface(""), undefined);
});
