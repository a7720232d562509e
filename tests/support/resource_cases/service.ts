import { service } from "../../../agent/resources/service.ts";
import { resourceContract } from "../resource_contract.ts";

const UNIT = "[Service]\nExecStart=/usr/bin/sleep infinity\n[Install]\nWantedBy=basic.target\n";
const NAME = "vigo-contract";

export const serviceContract = resourceContract(service, {
  bad: [
    { params: { name: "nginx" }, names: "state" },
    { params: { name: "nginx", state: "up" }, names: "state" },
    { params: { name: "-nginx", state: "running" }, names: "name" },
    { params: { name: "getty@", state: "running" }, names: "name" },
    { params: { name: "nginx", masked: true, state: "running" }, names: "masked" },
  ],
  unknown: [
    {
      title: "a service that nobody knows and that is to run",
      prepare: () => Promise.resolve({ name: "ghost", state: "running" }),
      reason: /knows no service "ghost"/,
    },
    {
      title: "a masked service that is to run",
      prepare: (machine) => {
        machine.services.units.set("nginx", { running: false, enabled: false, masked: true });
        return Promise.resolve({ name: "nginx", state: "running" });
      },
      reason: /is masked: set masked: false/,
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
      title: "a timer that is to wait and be enabled",
      prepare: async (machine) => {
        const timer = "[Timer]\nOnCalendar=yearly\n[Install]\nWantedBy=timers.target\n";
        await Deno.writeTextFile("/etc/systemd/system/vigo-yearly.service", UNIT);
        await Deno.writeTextFile("/etc/systemd/system/vigo-yearly.timer", timer);
        await machine.run("systemctl", "daemon-reload");
        machine.observed.push([
          "systemctl",
          "show",
          "-PSubState,UnitFileState",
          "vigo-yearly.timer",
        ]);
        return { name: "vigo-yearly.timer", state: "running", enabled: true };
      },
      tamper: (machine) => machine.run("systemctl", "stop", "vigo-yearly.timer"),
      verify: (machine) => machine.run("systemctl", "is-active", "vigo-yearly.timer"),
    },
    {
      title: "a service that nobody knows and that is to be masked",
      prepare: (machine) => {
        machine.observed.push(["systemctl", "show", "-PLoadState", "vigo-barred"]);
        return Promise.resolve({ name: "vigo-barred", masked: true });
      },
      tamper: (machine) => machine.run("systemctl", "unmask", "vigo-barred"),
      verify: (machine) =>
        machine.run("sh", "-c", "systemctl show -PLoadState vigo-barred | grep -qx masked"),
    },
    {
      title: "an instance of a template that is to run",
      prepare: async (machine) => {
        await Deno.writeTextFile("/etc/systemd/system/vigo-many@.service", UNIT);
        await machine.run("systemctl", "daemon-reload");
        return { name: "vigo-many@one", state: "running", enabled: true };
      },
      tamper: (machine) => machine.run("systemctl", "disable", "--now", "vigo-many@one"),
      verify: (machine) => machine.run("systemctl", "is-enabled", "vigo-many@one"),
    },
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
