import { service } from "../../../agent/resources/service.ts";
import { resourceContract } from "../resource_contract.ts";

const UNIT = "[Service]\nExecStart=/usr/bin/sleep infinity\n[Install]\nWantedBy=basic.target\n";
const NAME = "vigo-contract";

export const serviceContract = resourceContract(service, {
  bad: [
    { params: { name: "nginx" }, names: "state" },
    { params: { name: "nginx", state: "up" }, names: "state" },
    { params: { name: "-nginx", state: "running" }, names: "name" },
  ],
  unknown: [
    {
      title: "a service that nobody knows and that is to run",
      prepare: () => Promise.resolve({ name: "ghost", state: "running" }),
      reason: /knows no service "ghost"/,
    },
  ],
  cases: [
    {
      title: "a stopped service that is to run and be enabled",
      prepare: (machine) => {
        machine.services.units.set("nginx", { running: false, enabled: false });
        return Promise.resolve({ name: "nginx", state: "running", enabled: true });
      },
      tamper: (machine) => machine.services.act("nginx", "stop"),
    },
    {
      title: "a running service that is to be stopped and disabled",
      prepare: (machine) => {
        machine.services.units.set("nginx", { running: true, enabled: true });
        return Promise.resolve({ name: "nginx", state: "stopped", enabled: false });
      },
      tamper: (machine) => machine.services.act("nginx", "start"),
    },
  ],
  realCases: [
    {
      title: "a stopped service that is to run and be enabled",
      prepare: async (machine) => {
        await Deno.writeTextFile(`/etc/systemd/system/${NAME}.service`, UNIT);
        await machine.run("systemctl", "daemon-reload");
        machine.observed.push(["systemctl", "show", "-PActiveState,UnitFileState,MainPID", NAME]);
        return { name: NAME, state: "running", enabled: true };
      },
      tamper: (machine) => machine.run("systemctl", "disable", "--now", NAME),
      verify: (machine) => machine.run("systemctl", "is-active", NAME),
    },
  ],
});
