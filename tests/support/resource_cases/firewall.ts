import { existsSync } from "node:fs";
import { firewall } from "../../../agent/resources/firewall.ts";
import { withRule } from "../../../agent/system/firewall/firewall_model.ts";
import { resourceContract } from "../resource_contract.ts";

/** The set-up of the tests installs it where it can. */
const ignore = !existsSync("/usr/sbin/nft");
const LIST = ["nft", "list", "table", "inet", "vigo"] as const;

export const firewallContract = resourceContract(firewall, {
  bad: [
    { params: { name: "web" }, names: "action" },
    { params: { name: 'a"; flush ruleset', action: "accept" }, names: "name" },
    { params: { name: "web", port: 80, action: "accept" }, names: "port" },
    { params: { name: "web", port: "90-80", proto: "tcp", action: "accept" }, names: "port" },
    { params: { name: "web", source: "10.0.0.0/33", action: "accept" }, names: "source" },
    { params: { name: "web", source: ["10.0.0.1", "::1"], action: "accept" }, names: "source" },
    { params: { name: "a", proto: "igmp", source: "::1", action: "accept" }, names: "source" },
    { params: { name: "in", ensure: "default", action: "reject" }, names: "action" },
  ],
  unknown: [
    {
      title: "a firewall that has no provider",
      prepare: () => Promise.resolve({ name: "web", action: "accept", provider: "firewalld" }),
      reason: /no firewall provider for firewalld/,
    },
  ],
  cases: [
    {
      title: "a rule that is not there",
      prepare: () =>
        Promise.resolve({
          name: "web",
          proto: "tcp",
          port: [443, 80, "8000-8010"],
          source: "10.0.0.0/8",
          interface: "eth0",
          action: "accept",
        }),
      tamper: (machine) => Promise.resolve(machine.host.firewalls.lost.add("web")),
    },
    {
      title: "everything else is to be dropped",
      prepare: () => Promise.resolve({ name: "incoming", ensure: "default", action: "drop" }),
      tamper: (machine) => {
        machine.host.firewalls.isFlushed = true;
        return Promise.resolve();
      },
    },
    {
      title: "a rule that is to go",
      prepare: (machine) => {
        const { firewalls } = machine.host;
        const rule = { name: "old", direction: "in", action: "drop", order: 1 } as const;
        firewalls.model = withRule(firewalls.model, rule);
        return Promise.resolve({ name: "old", ensure: "absent" });
      },
    },
  ],
  realCases: [
    {
      title: "a rule",
      ignore,
      prepare: (machine) => {
        machine.observed.push([...LIST]);
        return Promise.resolve({
          name: "web: in",
          proto: "tcp",
          port: [443, "80-90", 85],
          source: ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.1"],
          interface: "eth0",
          action: "reject",
        });
      },
      tamper: (machine) => machine.run("nft", "flush", "chain", "inet", "vigo", "input"),
      verify: (machine) => machine.run("systemctl", "is-enabled", "vigo-firewall"),
    },
    {
      title: "a default",
      ignore,
      prepare: (machine) => {
        machine.observed.push([...LIST]);
        return Promise.resolve({ name: "incoming", ensure: "default", action: "drop" });
      },
      // What a distribution's own rules begin with.
      tamper: (machine) => machine.run("nft", "flush", "ruleset"),
    },
  ],
});
