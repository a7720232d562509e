import assert from "node:assert/strict";
import { announceInterfaces, callingAddress } from "./announce_interfaces.ts";

const on = (name: string, address: string) => ({ name, address, netmask: "255.255.255.0" });
const INTERFACES = [
  on("eth0", "10.0.0.2"),
  on("eth0", "10.0.0.20"),
  on("eth1", "10.1.0.2"),
];

Deno.test("every interface is joined once and spoken on, however many addresses it has", () => {
  assert.deepEqual(announceInterfaces({}, INTERFACES), [
    { name: "eth0", address: "10.0.0.2", isSpoken: true },
    { name: "eth1", address: "10.1.0.2", isSpoken: true },
  ]);
  assert.equal(callingAddress({}, INTERFACES), undefined);
});

Deno.test("announcements and calls leave from the announced address, others are heard everywhere", () => {
  const settings = { announceAddress: "10.0.0.20:1531" };
  assert.deepEqual(announceInterfaces(settings, INTERFACES), [
    { name: "eth0", address: "10.0.0.20", isSpoken: true },
    { name: "eth1", address: "10.1.0.2", isSpoken: false },
  ]);
  assert.equal(callingAddress(settings, INTERFACES), "10.0.0.20");
});

Deno.test("an announced address of a router changes nothing on the LAN", () => {
  const settings = { announceAddress: "192.0.2.1:9000" };
  assert.ok(announceInterfaces(settings, INTERFACES).every(({ isSpoken }) => isSpoken));
  assert.equal(callingAddress(settings, INTERFACES), undefined);
});

Deno.test("an address to listen on is the only one, and the unspecified one is all of them", () => {
  assert.deepEqual(announceInterfaces({ listenAddress: "10.1.0.2" }, INTERFACES), [
    { name: "eth1", address: "10.1.0.2", isSpoken: true },
  ]);
  assert.equal(announceInterfaces({ listenAddress: "0.0.0.0" }, INTERFACES).length, 2);
  assert.equal(callingAddress({ listenAddress: "0.0.0.0" }, INTERFACES), undefined);
});
