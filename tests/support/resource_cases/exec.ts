import { exec } from "../../../agent/resources/exec.ts";
import { resourceContract } from "../resource_contract.ts";

export const execContract = resourceContract(exec, {
  bad: [
    { params: { command: [] }, names: "command" },
    { params: { command: "x", timeout: 0 }, names: "timeout" },
    { params: { command: "x", returns: [256] }, names: "returns" },
    { params: { command: "x", environment: { "not a name": "" } }, names: "environment" },
  ],
  unknown: [
    {
      title: "a user that does not exist",
      prepare: () => Promise.resolve({ command: "true", user: "ghost" }),
      reason: /there is no user "ghost"/,
    },
  ],
  cases: [
    {
      title: "a command that creates something",
      prepare: (machine) => {
        const creates = machine.root.join("made");
        return Promise.resolve({ command: ["touch", creates], creates });
      },
      tamper: (machine) => Deno.remove(machine.root.join("made")),
    },
    {
      title: "a command with a guard that must fail",
      prepare: (machine) =>
        Promise.resolve({ command: "touch made", unless: "test -e made", cwd: machine.root.path }),
      tamper: (machine) => Deno.remove(machine.root.join("made")),
    },
    {
      title: "a command with a guard that must succeed",
      prepare: (machine) =>
        Promise.resolve({
          command: "touch made",
          onlyif: "test ! -e made",
          cwd: machine.root.path,
        }),
      tamper: (machine) => Deno.remove(machine.root.join("made")),
    },
  ],
});
