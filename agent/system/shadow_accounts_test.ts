import assert from "node:assert/strict";
import { BlockedError } from "./blocked_error.ts";
import { FakeProcesses } from "./fake_processes.ts";
import { LocalFiles } from "./local_files.ts";
import { Secret } from "../../shared/crypto/secret.ts";
import { ShadowAccounts } from "./shadow_accounts.ts";

function withPrograms(answer: ConstructorParameters<typeof FakeProcesses>[0]) {
  const processes = new FakeProcesses(answer);
  return { processes, accounts: new ShadowAccounts(new LocalFiles(), processes) };
}

Deno.test("a password hash travels through standard input, never as an argument", async () => {
  const { processes, accounts } = withPrograms(() => ({}));
  await accounts.setPasswordHash("mara", new Secret("$6$salt$hash"));
  const [program] = processes.programs;
  assert.deepEqual(program?.argv, ["chpasswd", "--encrypted"]);
  assert.equal(program?.stdin, "mara:$6$salt$hash\n");
});

Deno.test("a new user is made with exactly what was asked for", async () => {
  const { processes, accounts } = withPrograms(() => ({}));
  await accounts.createUser("vigo-unheard-of", {
    uid: 1500,
    shell: "/bin/sh",
    addToGroups: ["adm", "games"],
    createHome: false,
    system: true,
  });
  assert.equal(
    processes.programs.at(-1)?.argv.join(" "),
    "useradd --uid 1500 --shell /bin/sh --user-group --groups adm,games --no-create-home --system vigo-unheard-of",
  );
});

Deno.test("a locked account database blocks; any other refusal fails", async () => {
  const busy = withPrograms(() => ({
    status: 1,
    stderr: "usermod: cannot lock /etc/passwd; try again later.\n",
  }));
  await assert.rejects(busy.accounts.changeUser("mara", { uid: 5 }), BlockedError);
  const refused = withPrograms(() => ({ status: 4, stderr: "usermod: UID '5' already exists\n" }));
  await assert.rejects(
    refused.accounts.changeUser("mara", { uid: 5 }),
    /^Error: Cannot change user "mara": usermod ended with status 4: usermod: UID '5' already exists$/,
  );
});

Deno.test("a user that is in no file is looked up through NSS", async () => {
  const { processes, accounts } = withPrograms(({ argv }) =>
    argv[2] === "ldap-user"
      ? { stdout: "ldap-user:*:70001:70001:Far Away:/home/far:/bin/sh\n" }
      : { status: 2 }
  );
  assert.equal((await accounts.findUser("ldap-user"))?.uid, 70001);
  assert.equal(await accounts.findUser("nobody-at-all"), undefined);
  assert.equal((await accounts.findUser("root"))?.uid, 0);
  assert.equal(processes.programs.length, 2);
});
