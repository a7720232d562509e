import { hostname } from "../../../agent/resources/hostname.ts";
import { resourceContract } from "../resource_contract.ts";

export const hostnameContract = resourceContract(hostname, {
  bad: [
    { params: {}, names: "name" },
    { params: { name: "web_1" }, names: "name" },
    { params: { name: "web-" }, names: "name" },
    { params: { name: "a".repeat(65) }, names: "name" },
  ],
  unknown: [
    {
      title: "a system that has no provider",
      prepare: (machine) => {
        Object.assign(machine.host, {
          hostname: { ok: false, reason: "no hostname provider for plan9" },
        });
        return Promise.resolve({ name: "web-1" });
      },
      reason: /no hostname provider for plan9/,
    },
  ],
  cases: [
    {
      title: "a machine that is to get another name",
      prepare: async (machine) => {
        await Deno.writeTextFile(machine.root.join("etc/hostname"), "# mine\nold-name\n");
        return { name: "web-1.example.com" };
      },
      tamper: (machine) => machine.host.fakeHostname.write("elsewhere"),
    },
    {
      title: "a name that the kernel has and no file keeps",
      prepare: (machine) =>
        machine.host.fakeHostname.write("web-1").then(() => ({ name: "web-1" })),
      tamper: (machine) => Deno.remove(machine.root.join("etc/hostname")),
    },
  ],
  realCases: [
    {
      title: "another name",
      prepare: (machine) => {
        machine.observed.push(["hostname"]);
        return Promise.resolve({ name: "vigo-contract.example.com" });
      },
      tamper: (machine) => machine.run("hostname", "tampered"),
      verify: async (machine) => {
        if ((await machine.run("hostname")).trim() !== "vigo-contract.example.com") {
          throw new Error("the kernel has another name");
        }
      },
    },
  ],
});
