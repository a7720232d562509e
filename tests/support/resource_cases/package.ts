import { packageResource } from "../../../agent/resources/package.ts";
import { resourceContract } from "../resource_contract.ts";

export const packageContract = resourceContract(packageResource, {
  bad: [
    { params: { name: "-x" }, names: "name" },
    { params: { name: ["a", "b"], version: "1" }, names: "version" },
    { params: { name: "a", ensure: "absent", hold: true }, names: "hold" },
  ],
  unknown: [
    {
      title: "a package manager that has no provider",
      prepare: () => Promise.resolve({ name: "nginx", provider: "dnf" }),
      reason: /no package provider for dnf/,
    },
  ],
  cases: [
    {
      title: "missing packages",
      prepare: () => Promise.resolve({ name: ["nginx", "curl"] }),
      tamper: (machine) => Promise.resolve(void machine.packages.installed.delete("curl")),
    },
    {
      title: "a package to be held at a version",
      prepare: () => Promise.resolve({ name: "nginx", version: "1.22.0-1", hold: true }),
      tamper: (machine) => Promise.resolve(void machine.packages.held.clear()),
    },
    {
      title: "an old package that is to be the latest",
      prepare: (machine) => {
        machine.packages.installed.set("nginx", "1.0");
        return Promise.resolve({ name: "nginx", ensure: "latest" });
      },
      tamper: (machine) => Promise.resolve(void machine.packages.offered.set("nginx", "1.25")),
    },
    {
      title: "a package to be removed",
      prepare: (machine) => {
        machine.packages.installed.set("nginx", "1.0");
        return Promise.resolve({ name: ["nginx", "never-there"], ensure: "absent" });
      },
      tamper: (machine) => Promise.resolve(void machine.packages.installed.set("nginx", "1.0")),
    },
  ],
});
