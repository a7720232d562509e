import { join } from "node:path";
import { measureProcess, type Sample } from "./converge_sample.ts";

/** The same command run by `ansible`, with the `command` module on one host of a local connection. */
export const ANSIBLE_COMMAND = { command: "ansible", debianPackage: "ansible-core" } as const;

/**
 * Runs `ansible -m command -a true` once. It is spared looking for an interpreter; an ad-hoc command gathers no facts.
 *
 * @param folder that it may write to, and where it finds settings of nobody.
 */
export async function runAnsibleCommand(folder: string): Promise<Sample> {
  const settings = join(folder, "ansible.cfg");
  await Deno.writeTextFile(settings, "");
  const { printed, ...sample } = await measureProcess(
    ANSIBLE_COMMAND.command,
    [
      "--inventory",
      "localhost,",
      "--connection",
      "local",
      "--extra-vars",
      "ansible_python_interpreter={{ ansible_playbook_python }}",
      "--module-name",
      "ansible.builtin.command",
      "--args",
      "true",
      "localhost",
    ],
    {
      ANSIBLE_CONFIG: settings,
      ANSIBLE_HOME: join(folder, "home"),
      ANSIBLE_LOCAL_TEMP: join(folder, "local"),
      ANSIBLE_REMOTE_TEMP: join(folder, "remote"),
      ANSIBLE_NOCOLOR: "1",
      // It refuses to start in a locale of another encoding.
      LC_ALL: "C.UTF-8",
    },
  );
  if (!/^localhost \| CHANGED \| rc=0/m.test(printed)) {
    throw new Error(`ansible did not run the command:\n${printed}`);
  }
  return sample;
}
