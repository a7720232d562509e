import assert from "node:assert/strict";
import { custom } from "../../../agent/resources/custom.ts";
import { resourceContract } from "../resource_contract.ts";
import type { TemporaryMachine } from "../temporary_machine.ts";

/** Keeps a file at a text; both are told by standard input alone. */
const KEEPER = `#!/bin/sh
input=$(cat)
path=$(printf %s "$input" | sed 's/.*"path":"\\([^"]*\\)".*/\\1/')
text=$(printf %s "$input" | sed 's/.*"text":"\\([^"]*\\)".*/\\1/')
if [ "$(cat "$path" 2>/dev/null)" = "$text" ]; then
  echo '{"action": "none", "changed": false, "error": null}'
  exit
fi
case $input in *'"dry_run":true'*) ;; *) printf %s "$text" > "$path" ;; esac
echo '{"action": "updated", "changed": true, "error": null}'
`;

async function install(machine: TemporaryMachine, script: string, mode = 0o755): Promise<void> {
  await Deno.mkdir(machine.executorsFolder, { recursive: true, mode: 0o755 });
  const path = `${machine.executorsFolder}/keeper`;
  await Deno.writeTextFile(path, script);
  await Deno.chmod(path, mode);
}

function answering(answer: string): string {
  return `#!/bin/sh\ncat > /dev/null\nprintf '%s' '${answer}'\n`;
}

function unknownAnswer(title: string, script: string, reason: RegExp) {
  return {
    title,
    prepare: async (machine: TemporaryMachine) => {
      await install(machine, script);
      return { executor: "keeper" };
    },
    reason,
  };
}

export const customContract = resourceContract(custom, {
  bad: [
    { params: {}, names: "executor" },
    { params: { executor: "../sh" }, names: "executor" },
    { params: { executor: "/bin/sh" }, names: "executor" },
    { params: { executor: "x", params: [1] }, names: "params" },
    { params: { executor: "x", timeout: 0 }, names: "timeout" },
  ],
  unknown: [
    {
      title: "an executable that is missing",
      prepare: () => Promise.resolve({ executor: "keeper" }),
      reason: /there is no executor ".*\/keeper"/,
    },
    {
      title: "an executable that others may write to",
      prepare: async (machine) => {
        await install(machine, KEEPER, 0o775);
        return { executor: "keeper" };
      },
      reason: /refused to run .*mode 0775; it has to belong to root/,
    },
    {
      title: "a folder that others may write to",
      prepare: async (machine) => {
        await install(machine, KEEPER);
        await Deno.chmod(machine.executorsFolder, 0o777);
        return { executor: "keeper" };
      },
      reason: /refused to run .*has to be a folder that root owns/,
    },
    {
      title: "a link to an executable",
      prepare: async (machine) => {
        await install(machine, KEEPER);
        await Deno.symlink("keeper", `${machine.executorsFolder}/link`);
        return { executor: "link" };
      },
      reason: /refused to run .*it is no regular file/,
    },
    {
      title: "an executable that belongs to somebody else",
      ignore: Deno.uid() !== 0,
      prepare: async (machine) => {
        await install(machine, KEEPER);
        await Deno.chown(`${machine.executorsFolder}/keeper`, 1234, 1234);
        return { executor: "keeper" };
      },
      reason: /refused to run .*uid 1234/,
    },
    {
      title: "a file that is not executable",
      prepare: async (machine) => {
        await install(machine, KEEPER, 0o644);
        return { executor: "keeper" };
      },
      reason: /refused to run .*it is not executable/,
    },
    unknownAnswer(
      "an answer that is none",
      answering("done"),
      /answered "done": expected \{"action"/,
    ),
    unknownAnswer(
      "an answer without the fields",
      answering('{"changed": "yes"}'),
      /expected \{"action"/,
    ),
    unknownAnswer(
      "an error that is told",
      answering('{"action": "", "changed": false, "error": "no route to the registrar"}'),
      /executor "keeper": no route to the registrar/,
    ),
    unknownAnswer(
      "an executable that fails",
      "#!/bin/sh\necho broken >&2\nexit 3\n",
      /status 3: broken/,
    ),
    unknownAnswer(
      "an answer without end",
      "#!/bin/sh\nhead -c 10000000 /dev/zero | tr '\\0' x\n",
      /answered "xxx/,
    ),
  ],
  cases: [
    {
      title: "what an executable looks after",
      prepare: async (machine) => {
        await install(machine, KEEPER);
        return { executor: "keeper", params: { path: machine.root.join("kept"), text: "hello" } };
      },
      tamper: (machine) => Deno.writeTextFile(machine.root.join("kept"), "HELLO"),
      verify: async (machine) =>
        assert.equal(await Deno.readTextFile(machine.root.join("kept")), "hello"),
    },
    {
      title: "an executable that nobody but its owner may read",
      prepare: async (machine) => {
        await install(machine, KEEPER, 0o700);
        return { executor: "keeper", params: { path: machine.root.join("kept"), text: "x" } };
      },
      tamper: (machine) => Deno.remove(machine.root.join("kept")),
    },
  ],
});
