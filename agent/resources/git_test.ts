import assert from "node:assert/strict";
import { commit, inRepository, makeRepository } from "../../tests/support/resource_cases/git.ts";
import { runOrThrow } from "../../tests/support/run_command.ts";
import { TemporaryMachine } from "../../tests/support/temporary_machine.ts";
import { FakeProcesses } from "../system/fake_processes.ts";
import { git } from "./git.ts";

async function settle(machine: TemporaryMachine, written: Record<string, unknown>) {
  const params = git.schema.parse(written);
  await git.apply(params, machine.context());
  assert.deepEqual(await git.check(params, machine.context()), { kind: "in_sync" });
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

Deno.test("hooks, filters of a clone and settings of the user do not run", async () => {
  await using machine = await TemporaryMachine.create();
  const repository = await makeRepository(machine);
  const wanted = { path: machine.root.join("checkout"), repository };
  await settle(machine, wanted);
  const marker = machine.root.join("hook-ran");
  const script = `#!/bin/sh\ntouch ${marker}\n`;
  await Deno.mkdir(`${wanted.path}/.git/hooks`, { recursive: true });
  for (const hook of ["post-checkout", "reference-transaction", "post-index-change"]) {
    await Deno.writeTextFile(`${wanted.path}/.git/hooks/${hook}`, script, { mode: 0o755 });
  }
  const monitor = machine.root.join("monitor");
  await Deno.writeTextFile(monitor, script, { mode: 0o755 });
  await runOrThrow("git", ["-C", wanted.path, "config", "core.fsmonitor", monitor]);
  await commit(machine, "three");
  await settle(machine, wanted);
  assert.equal(await exists(marker), false);
});

Deno.test("a clone brings no hooks along", async () => {
  await using machine = await TemporaryMachine.create();
  const path = machine.root.join("checkout");
  await settle(machine, { path, repository: await makeRepository(machine) });
  assert.equal(await exists(`${path}/.git/hooks`), false);
});

Deno.test("submodules are neither cloned nor asked for", async () => {
  await using machine = await TemporaryMachine.create();
  const repository = await makeRepository(machine);
  await Deno.writeTextFile(
    `${repository}/.gitmodules`,
    '[submodule "evil"]\n\tpath = evil\n\turl = ext::sh -c "touch /tmp/never"\n',
  );
  await inRepository(machine, "add", ".gitmodules");
  const head = await inRepository(machine, "rev-parse", "HEAD");
  await inRepository(machine, "update-index", "--add", "--cacheinfo", `160000,${head},evil`);
  await inRepository(machine, "commit", "--quiet", "--message=submodule");
  const path = machine.root.join("checkout");
  await settle(machine, { path, repository });
  assert.deepEqual(await machine.files.list(`${path}/evil`), []);
});

Deno.test("a branch is followed, and a commit stays where it is without asking", async () => {
  await using machine = await TemporaryMachine.create();
  const repository = await makeRepository(machine);
  const path = machine.root.join("checkout");
  const revision = await inRepository(machine, "rev-parse", "HEAD");
  await settle(machine, { path, repository, revision });
  await Deno.rename(repository, `${repository}-gone`);
  const params = git.schema.parse({ path, repository, revision });
  assert.deepEqual(await git.check(params, machine.context()), { kind: "in_sync" });
  await assert.rejects(
    git.check(git.schema.parse({ path, repository, revision: "main" }), machine.context()),
    (error) => error instanceof Error && error.name === "BlockedError",
  );
});

Deno.test("what a killed run left of a clone is completed", async () => {
  await using machine = await TemporaryMachine.create();
  const repository = await makeRepository(machine);
  const path = machine.root.join("checkout");
  for (const left of ["nothing but a folder", "an empty .git", "a repository without commits"]) {
    await Deno.mkdir(path);
    if (left === "an empty .git") await Deno.mkdir(`${path}/.git`);
    if (left.startsWith("a repo")) await runOrThrow("git", ["init", "--quiet", path]);
    await settle(machine, { path, repository });
    await Deno.remove(path, { recursive: true });
  }
});

Deno.test("a damaged checkout is not taken for part of one above it", async () => {
  await using machine = await TemporaryMachine.create();
  const repository = await makeRepository(machine);
  const path = `${repository}/below`;
  await Deno.mkdir(`${path}/.git`, { recursive: true });
  const finding = await git.check(
    git.schema.parse({ path, repository, force: true }),
    machine.context(),
  );
  assert.notEqual(finding.kind, "in_sync");
  assert.match(JSON.stringify(finding), /no commit|Reading the checkout/);
});

Deno.test("changes by hand are left alone unless forced, and new files always", async () => {
  await using machine = await TemporaryMachine.create();
  const repository = await makeRepository(machine);
  const wanted = { path: machine.root.join("checkout"), repository };
  await settle(machine, wanted);
  await Deno.writeTextFile(`${wanted.path}/notes`, "mine\n");
  assert.deepEqual(await git.check(git.schema.parse(wanted), machine.context()), {
    kind: "in_sync",
  });
  await Deno.writeTextFile(`${wanted.path}/file`, "mine\n");
  const finding = await git.check(git.schema.parse(wanted), machine.context());
  assert.match(JSON.stringify(finding), /"unknown".*1 changed files, the first is \\"file\\"/);
  await settle(machine, { ...wanted, force: true });
  assert.equal(await Deno.readTextFile(`${wanted.path}/notes`), "mine\n");
  assert.equal(await Deno.readTextFile(`${wanted.path}/file`), "two\n");
});

Deno.test("a name that is a branch and a tag is for a person to decide about", async () => {
  await using machine = await TemporaryMachine.create();
  const repository = await makeRepository(machine);
  await inRepository(machine, "branch", "v1");
  const wanted = { path: machine.root.join("checkout"), repository };
  const finding = await git.check(
    git.schema.parse({ ...wanted, revision: "v1" }),
    machine.context(),
  );
  assert.match(JSON.stringify(finding), /write refs\/heads\/v1 or refs\/tags\/v1/);
  await settle(machine, { ...wanted, revision: "refs/tags/v1" });
  assert.equal(await Deno.readTextFile(`${wanted.path}/file`), "one\n");
});

Deno.test("a checkout that moves to another repository takes its address along", async () => {
  await using machine = await TemporaryMachine.create();
  const repository = await makeRepository(machine);
  const path = machine.root.join("checkout");
  await settle(machine, { path, repository });
  await Deno.rename(repository, machine.root.join("moved"));
  await settle(machine, { path, repository: machine.root.join("moved") });
  const origin = await runOrThrow("git", ["-C", path, "config", "remote.origin.url"]);
  assert.equal(origin.trim(), machine.root.join("moved"));
});

Deno.test("a password is in no argument, and goes to the repository's host alone", async () => {
  await using machine = await TemporaryMachine.create();
  const processes = new FakeProcesses(() => ({ stdout: `${"a".repeat(40)}\tHEAD\n` }));
  const params = git.schema.parse({
    path: machine.root.join("checkout"),
    repository: "https://git.example.com/x.git",
    username: "mara",
    password: "hush hush",
  });
  const finding = await git.check(params, machine.context({ processes }));
  assert.equal(finding.kind, "would_change");
  assert.doesNotMatch(JSON.stringify(finding), /hush|bWFyYTpodXNo/);
  for (const { argv, environment = {} } of processes.programs) {
    assert.doesNotMatch(argv.join(" "), /hush|bWFyYTpodXNo/);
    assert.equal(environment.GIT_CONFIG_KEY_0, "http.https://git.example.com/.extraHeader");
    assert.equal(environment.GIT_CONFIG_VALUE_0, `Authorization: Basic ${btoa("mara:hush hush")}`);
    assert.equal(environment.GIT_CONFIG_KEY_1, "http.followRedirects");
    assert.equal(environment.GIT_TERMINAL_PROMPT, "0");
  }
});

Deno.test("only the repository's own protocol is allowed", async () => {
  await using machine = await TemporaryMachine.create();
  const processes = new FakeProcesses(() => ({ stdout: `${"a".repeat(40)}\tHEAD\n` }));
  const params = git.schema.parse({
    path: machine.root.join("checkout"),
    repository: "git@git.example.com:x.git",
    ssh_key: "/root/.ssh/deploy",
  });
  await git.check(params, machine.context({ processes }));
  const [program] = processes.programs;
  const settings = program?.argv.filter((word) => word.startsWith("protocol."));
  assert.deepEqual(settings, ["protocol.allow=never", "protocol.ssh.allow=always"]);
  assert.match(
    program?.environment?.GIT_SSH_COMMAND ?? "",
    /BatchMode=yes -oStrictHostKeyChecking=yes .*-i \/root\/\.ssh\/deploy$/,
  );
});

Deno.test({
  name: "git runs as the owner, and a folder of somebody else is left alone",
  ignore: Deno.build.os === "windows" || Deno.uid() !== 0,
  fn: async () => {
    await using machine = await TemporaryMachine.create();
    await Deno.writeTextFile(
      machine.root.join("etc/passwd"),
      `root:x:0:0:root:/root:/bin/sh\nsite:x:4711:4711::${machine.root.path}:/bin/sh\n`,
    );
    const repository = await makeRepository(machine);
    await runOrThrow("chown", ["-R", "4711:4711", repository]);
    const wanted = { path: machine.root.join("checkout"), repository, owner: "site" };
    await settle(machine, wanted);
    const { uid } = await Deno.stat(`${wanted.path}/file`);
    assert.equal(uid, 4711);
    const { owner: _owner, ...asRoot } = wanted;
    const finding = await git.check(git.schema.parse(asRoot), machine.context());
    assert.match(JSON.stringify(finding), /belongs to uid 4711, not to uid 0/);
  },
});

Deno.test("a repository behind http is cloned", async () => {
  await using machine = await TemporaryMachine.create();
  const repository = await makeRepository(machine);
  await inRepository(machine, "update-server-info");
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      try {
        return new Response(await Deno.readFile(`${repository}${pathname}`));
      } catch {
        return new Response("no", { status: 404 });
      }
    },
  );
  try {
    const base = `http://127.0.0.1:${server.addr.port}`;
    const path = machine.root.join("checkout");
    await settle(machine, { path, repository: `${base}/.git`, revision: "main" });
    assert.equal(await Deno.readTextFile(`${path}/file`), "two\n");
  } finally {
    await server.shutdown();
  }
});
