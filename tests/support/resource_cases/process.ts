import { process } from "../../../agent/resources/process.ts";
import { resourceContract } from "../resource_contract.ts";

const PROGRAM = "/usr/local/bin/vigo-contract-sleep";

export const processContract = resourceContract(process, {
  bad: [
    { params: {}, names: "name" },
    { params: { name: "a", pattern: "(" }, names: "pattern" },
    { params: { name: "a", ensure: "stopped", signal: "STOP" }, names: "signal" },
    { params: { name: "a", ensure: "stopped", command: "a" }, names: "command" },
  ],
  unknown: [
    {
      title: "a process that is to run, and nothing that starts it",
      prepare: () => Promise.resolve({ name: "ghost" }),
      reason: /no process "ghost" runs; give a "command"/,
    },
    {
      title: "what started the agent",
      prepare: () => Promise.resolve({ name: "everything", pattern: ".", ensure: "stopped" }),
      reason: /means Vigo itself or what started it: process 1/,
    },
    {
      title: "a pattern that means the agent's daemon",
      prepare: (machine) => {
        const { fakeProcesses } = machine.host;
        const { pid } = fakeProcesses.add("/usr/local/bin/vigo daemon");
        fakeProcesses.executables.set(pid, "/usr/local/bin/vigo");
        return Promise.resolve({ name: "x", pattern: "bin/v.go", ensure: "stopped" });
      },
      reason: /means Vigo itself or what started it: process 11/,
    },
    {
      title: "processes of a user that does not exist",
      prepare: () => Promise.resolve({ name: "worker", user: "nobody-here", ensure: "stopped" }),
      reason: /there is no user "nobody-here"/,
    },
  ],
  cases: [
    {
      title: "processes of a name that are to be stopped",
      prepare: (machine) => {
        machine.host.fakeProcesses.add("/usr/bin/miner --pool x");
        machine.host.fakeProcesses.add("/opt/miner");
        machine.host.fakeProcesses.add("/usr/bin/examiner");
        return Promise.resolve({ name: "miner", ensure: "stopped" });
      },
      tamper: (machine) => Promise.resolve(machine.host.fakeProcesses.add("miner")),
      verify: (machine) => {
        const left = machine.host.fakeProcesses.running.map(({ name }) => name);
        if (left.join() !== "init,examiner") throw new Error(`left: ${left.join()}`);
        return Promise.resolve();
      },
    },
    {
      title: "processes of a pattern that only KILL ends",
      prepare: (machine) => {
        machine.host.fakeProcesses.isStubborn = true;
        machine.host.fakeProcesses.add("python3 /srv/worker.py");
        machine.host.fakeProcesses.add("python3 /srv/other.py");
        return Promise.resolve({
          name: "workers",
          pattern: "worker\\.py$",
          ensure: "stopped",
          signal: "KILL",
        });
      },
    },
  ],
  realCases: [
    {
      title: "a process that is started by its command and found by its name",
      prepare: async (machine) => {
        await machine.run("cp", "/usr/bin/sleep", PROGRAM);
        machine.observed.push(["pgrep", "-f", `^${PROGRAM}`]);
        return { name: "vigo-contract-sleep", command: [PROGRAM, "infinity"] };
      },
      // A signal has been sent before it has had its effect.
      tamper: (machine) =>
        machine.run(
          "sh",
          "-c",
          `pkill -KILL -f '^${PROGRAM}'; while pgrep -f '^${PROGRAM}'; do sleep 0.01; done`,
        ),
      verify: (machine) => machine.run("pgrep", "-f", `^${PROGRAM} infinity$`),
    },
    {
      title: "a process that is to be stopped",
      prepare: (machine) => {
        machine.observed.push(["pgrep", "-f", `^${PROGRAM}`]);
        return Promise.resolve({ name: "vigo-contract-sleep", ensure: "stopped", user: "root" });
      },
      tamper: (machine) =>
        machine.run(
          "sh",
          "-c",
          `setsid ${PROGRAM} 99 >/dev/null 2>&1 & until pgrep -f '^${PROGRAM}'; do sleep 0.01; done`,
        ),
      verify: (machine) => machine.run("sh", "-c", `! pgrep -f '^${PROGRAM}'`),
    },
  ],
});
