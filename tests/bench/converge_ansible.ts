import { join } from "node:path";
import { stringify } from "yaml";
import type { Rival } from "./converge_rival.ts";
import { measureProcess } from "./converge_sample.ts";
import { type ConvergeSet, COPY, type ManagedResource, SAME } from "./converge_set.ts";

/**
 * `ansible-playbook` with one play of the same resources, a task for each, in this machine and without ssh. It is spared
 * gathering facts and looking for an interpreter; what it does is otherwise left at its defaults, the number of forks too.
 */
export const ANSIBLE: Rival = {
  name: "ansible-playbook",
  command: "ansible-playbook",
  debianPackage: "ansible-core",
  async open(folder, set) {
    const target = join(folder, "managed");
    const playbook = join(folder, "converge.yml");
    const settings = join(folder, "ansible.cfg");
    await Deno.writeTextFile(playbook, toPlaybook(set, target));
    await Deno.writeTextFile(settings, "");
    const env = {
      // Of whoever measures nothing is read and nothing is written outside of the folder.
      ANSIBLE_CONFIG: settings,
      ANSIBLE_HOME: join(folder, "home"),
      ANSIBLE_LOCAL_TEMP: join(folder, "local"),
      ANSIBLE_REMOTE_TEMP: join(folder, "remote"),
      ANSIBLE_NOCOLOR: "1",
      // It refuses to start in a locale of another encoding.
      LC_ALL: "C.UTF-8",
    };
    return {
      name: "ansible-playbook",
      target,
      run: async () => {
        const { printed, ...sample } = await measureProcess(
          "ansible-playbook",
          ["--inventory", `${HOST},`, playbook],
          env,
        );
        const done = countDoneTasks(printed);
        if (done !== set.resources.length) {
          throw new Error(`ansible-playbook: ${done} of ${set.resources.length} tasks were done`);
        }
        return sample;
      },
    };
  },
};

const HOST = "localhost";

/** Of the recap that ends what it prints: tasks that changed something, and tasks that had nothing to change. */
function countDoneTasks(printed: string): number {
  const [, done] = /^localhost +: ok=(\d+) /m.exec(printed) ?? [];
  if (done === undefined) throw new Error("ansible-playbook: it ended without a recap");
  return Number(done);
}

/** The set as a playbook. */
export function toPlaybook(set: ConvergeSet, root: string): string {
  return stringify([{
    hosts: HOST,
    connection: "local",
    gather_facts: false,
    vars: { ansible_python_interpreter: "{{ ansible_playbook_python }}" },
    tasks: set.resources.map((resource) => ({
      name: `${resource.kind} ${resource.path}`,
      ...toTask(resource, set.owner, root),
    })),
  }], { aliasDuplicateObjects: false });
}

function toTask(resource: ManagedResource, owner: string, root: string): object {
  const path = join(root, resource.path);
  switch (resource.kind) {
    case "folder":
      return { "ansible.builtin.file": { path, state: "directory", mode: resource.mode, owner } };
    case "file": {
      const { content, mode } = resource;
      return { "ansible.builtin.copy": { dest: path, content, mode, owner } };
    }
    case "symlink":
      return { "ansible.builtin.file": { path, state: "link", src: resource.target } };
    case "copy": {
      const from = join(root, resource.from);
      return resource.guard === "creates"
        ? { "ansible.builtin.command": { argv: [COPY, from, path], creates: path } }
        : copyUnlessSame(from, path);
    }
  }
}

/** No module has such a guard; a second task that asks first would count as work that the others do not do. */
function copyUnlessSame(from: string, path: string): object {
  return {
    "ansible.builtin.shell": {
      cmd: `${SAME} -s "$FROM" "$TO" || { ${COPY} "$FROM" "$TO" && echo copied; }`,
    },
    environment: { FROM: from, TO: path },
    register: "guarded",
    changed_when: 'guarded.stdout == "copied"',
  };
}
