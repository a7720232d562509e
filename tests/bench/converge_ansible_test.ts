import assert from "node:assert/strict";
import { parse } from "yaml";
import { toPlaybook } from "./converge_ansible.ts";
import { makeConvergeSet } from "./converge_set.ts";

const set = makeConvergeSet(50, "mara");
const [play, ...others] = parse(toPlaybook(set, "/srv/x"));

Deno.test("the playbook is one play for this machine, without ssh and without facts", () => {
  assert.deepEqual(others, []);
  const { hosts, connection, gather_facts } = play;
  assert.deepEqual({ hosts, connection, gather_facts }, {
    hosts: "localhost",
    connection: "local",
    gather_facts: false,
  });
});

Deno.test("every resource is a task, with modes as text and contents as they are", () => {
  assert.deepEqual(
    play.tasks.map(({ name }: { name: string }) => name),
    set.resources.map(({ kind, path }) => `${kind} ${path}`),
  );
  const copied = play.tasks.flatMap((task: Record<string, unknown>) =>
    task["ansible.builtin.copy"] ?? []
  );
  const files = set.resources.flatMap((one) =>
    one.kind === "file"
      ? [{ dest: `/srv/x/${one.path}`, content: one.content, mode: one.mode, owner: "mara" }]
      : []
  );
  assert.deepEqual(copied, files);
  assert.deepEqual(play.tasks[0]["ansible.builtin.file"], {
    path: "/srv/x/app-0",
    state: "directory",
    mode: "0755",
    owner: "mara",
  });
});

Deno.test("a command is guarded in the playbook as everywhere", () => {
  const [link, initial, active] = play.tasks.slice(7, 10);
  assert.deepEqual(link["ansible.builtin.file"], {
    path: "/srv/x/app-0/current.conf",
    state: "link",
    src: "part-0.conf",
  });
  const from = "/srv/x/app-0/part-0.conf";
  const to = "/srv/x/app-0/initial.conf";
  assert.deepEqual(initial["ansible.builtin.command"], {
    argv: ["/bin/cp", from, to],
    creates: to,
  });
  assert.deepEqual(active.environment, { FROM: from, TO: "/srv/x/app-0/active.conf" });
  assert.match(active["ansible.builtin.shell"].cmd, /^\/usr\/bin\/cmp -s "\$FROM" "\$TO" \|\| /);
});
