import { sysctl } from "../../../agent/resources/sysctl.ts";
import { resourceContract } from "../resource_contract.ts";

export const sysctlContract = resourceContract(sysctl, {
  bad: [
    { params: { key: "net.ipv4.ip_forward" }, names: "value" },
    { params: { key: "net..x", value: 1 }, names: "key" },
    { params: { key: "net/../../etc/passwd", value: 1 }, names: "key" },
    { params: { key: "net.*.x", value: 1 }, names: "key" },
    { params: { key: "vm.x", value: "1\nkernel.panic = 1" }, names: "value" },
    { params: { key: "vm.x", ensure: "absent", value: 1 }, names: "value" },
  ],
  unknown: [
    {
      title: "a parameter that the kernel does not have",
      prepare: () => Promise.resolve({ key: "net.nowhere.x", value: 1 }),
      reason: /this kernel has no parameter "net.nowhere.x"/,
    },
    {
      title: "IPv6 to be switched off under an agent that needs it",
      prepare: (machine) => {
        machine.host.usesIpv6 = true;
        return Promise.resolve({ key: "net.ipv6.conf.all.disable_ipv6", value: 1 });
      },
      reason: /would end the agent's connection to its server/,
    },
  ],
  cases: [
    {
      title: "a number",
      prepare: () => Promise.resolve({ key: "net.ipv4.ip_forward", value: 1 }),
      tamper: (machine) => machine.host.fakeParameters.write(["net", "ipv4", "ip_forward"], "0"),
    },
    {
      title: "several numbers, which the kernel shows with tabs",
      prepare: () => Promise.resolve({ key: "net/ipv4/tcp_rmem", value: "4096 65536  6291456" }),
      tamper: (machine) =>
        Deno.writeTextFile(
          machine.root.join("etc/sysctl.d/99-vigo-net.ipv4.tcp_rmem.conf"),
          "net/ipv4/tcp_rmem = 1\n",
        ),
    },
    {
      title: "a value that is to be kept no more",
      prepare: async (machine) => {
        await Deno.mkdir(machine.root.join("etc/sysctl.d"));
        await Deno.writeTextFile(
          machine.root.join("etc/sysctl.d/99-vigo-vm.swappiness.conf"),
          "vm.swappiness = 10\n",
        );
        return { key: "vm.swappiness", ensure: "absent" };
      },
      tamper: (machine) =>
        Deno.writeTextFile(
          machine.root.join("etc/sysctl.d/99-vigo-vm.swappiness.conf"),
          "vm.swappiness = 20\n",
        ),
    },
  ],
  realCases: [
    {
      title: "a parameter of the network",
      prepare: async (machine) => {
        await machine.run("sysctl", "-w", "net.ipv4.ip_forward=0");
        machine.observed.push(["sysctl", "-n", "net.ipv4.ip_forward"]);
        return { key: "net.ipv4.ip_forward", value: 1 };
      },
      tamper: (machine) => machine.run("sysctl", "-w", "net.ipv4.ip_forward=0"),
      verify: async (machine) => {
        // What the next start would do, by the system's own means.
        await machine.run("sysctl", "-w", "net.ipv4.ip_forward=0");
        // It also sets what nobody may set in a namespace, and complains.
        await machine.run("sh", "-c", "sysctl --system >/dev/null 2>&1 || true");
        const value = (await machine.run("sysctl", "-n", "net.ipv4.ip_forward")).trim();
        if (value !== "1") throw new Error(`a start would set ${value}`);
      },
    },
    {
      title: "a list of numbers",
      prepare: (machine) => {
        machine.observed.push(["sysctl", "-n", "net.ipv4.ip_local_port_range"]);
        return Promise.resolve({ key: "net.ipv4.ip_local_port_range", value: "20000 60000" });
      },
      tamper: (machine) => machine.run("sysctl", "-w", "net.ipv4.ip_local_port_range=20000 50000"),
    },
  ],
});
