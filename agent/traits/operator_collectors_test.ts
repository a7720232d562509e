import assert from "node:assert/strict";
import { eventually } from "../../tests/support/eventually.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { LocalProcesses } from "../system/local_processes.ts";
import { collectTraits } from "./collect_traits.ts";
import { RESERVED_TRAITS } from "./collectors.ts";
import { fakeSystem } from "./fake_system.ts";
import {
  findOperatorCollectors,
  MAX_OPERATOR_COLLECTORS,
  type OperatorParts,
} from "./operator_collectors.ts";
import { judgeOwnership } from "./operator_ownership.ts";

/** A configuration folder with programs in `traits.d/`. */
class OperatorFolder implements AsyncDisposable {
  private constructor(readonly root: TemporaryRoot) {}

  static async create(): Promise<OperatorFolder> {
    const root = await TemporaryRoot.create();
    await Deno.chmod(root.path, 0o755);
    await Deno.mkdir(root.join("traits.d"), { mode: 0o755 });
    await Deno.chmod(root.join("traits.d"), 0o755);
    return new OperatorFolder(root);
  }

  path(file: string): string {
    return this.root.join("traits.d", file);
  }

  async put(file: string, script: string, mode = 0o755): Promise<void> {
    await Deno.writeTextFile(this.path(file), `#!/bin/sh\n${script}\n`);
    await Deno.chmod(this.path(file), mode);
  }

  find(parts: Partial<OperatorParts> = {}) {
    return findOperatorCollectors({
      configFolder: this.root.path,
      processes: new LocalProcesses({ killGraceMs: 50 }),
      reserved: RESERVED_TRAITS,
      uid: Deno.uid() ?? 0,
      ...parts,
    });
  }

  async collect(timeoutMs = 60_000) {
    const { collectors, problem } = await this.find();
    assert.equal(problem, undefined);
    return await collectTraits(collectors, fakeSystem(), { timeoutMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.root[Symbol.asyncDispose]();
  }
}

Deno.test("a program in traits.d gives the trait that its file is called", async () => {
  await using folder = await OperatorFolder.create();
  await folder.put("raid.sh", `echo '{"state": "clean", "disks": 4}'`);
  await folder.put("rack", "echo '\"B7\"'");
  await folder.put(".draft", "exit 1");
  assert.deepEqual(await folder.collect(), {
    traits: { raid: { state: "clean", disks: 4 }, rack: "B7" },
    failed: [],
  });
});

Deno.test("without traits.d there is nothing, and nothing is wrong", async () => {
  await using root = await TemporaryRoot.create();
  const found = await findOperatorCollectors({
    configFolder: root.path,
    processes: new LocalProcesses(),
    reserved: RESERVED_TRAITS,
    uid: Deno.uid() ?? 0,
  });
  assert.deepEqual(found, { collectors: [] });
});

Deno.test("a program gets nothing of the agent's environment", async () => {
  await using folder = await OperatorFolder.create();
  await folder.put("environment", `printf '["%s", "%s", "%s"]' "$VIGO_TOKEN" "$PATH" "$PWD"`);
  Deno.env.set("VIGO_TOKEN", "hidden");
  try {
    const { traits } = await folder.collect();
    assert.deepEqual(traits["environment"], [
      "",
      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "/",
    ]);
  } finally {
    Deno.env.delete("VIGO_TOKEN");
  }
});

Deno.test("a program that fails, prints no JSON or prints too much is named with the reason", async () => {
  await using folder = await OperatorFolder.create();
  await folder.put("broken", "echo 'no controller' >&2; exit 3");
  await folder.put("prose", "echo all is well");
  await folder.put("flood", "head -c 200000 /dev/zero | tr '\\0' 1");
  await folder.put("missing_interpreter", "");
  await Deno.writeTextFile(folder.path("missing_interpreter"), "#!/nonexistent/interpreter\n");
  const { traits, failed } = await folder.collect();
  assert.deepEqual(traits, {});
  const reasons = Object.fromEntries(failed.map(({ name, reason }) => [name, reason]));
  assert.match(reasons["broken"] ?? "", /ended with status 3: no controller/);
  assert.match(reasons["prose"] ?? "", /printed no JSON/);
  assert.match(reasons["flood"] ?? "", /printed more than 65536 bytes/);
  assert.match(reasons["missing_interpreter"] ?? "", /Cannot start/);
});

Deno.test("a program that is late ends with everything that it started", async () => {
  await using folder = await OperatorFolder.create();
  const pids = folder.root.join("pids");
  await folder.put(
    "late",
    `trap '' TERM\nsleep 600 & echo $$ $! > ${pids}.new\nmv ${pids}.new ${pids}\nwait; wait`,
  );
  const { collectors } = await folder.find();
  const abort = new AbortController();
  const work = Promise.all(collectors.map(({ collect }) => collect(fakeSystem(), abort.signal)));
  const ended = assert.rejects(work, /was stopped/);
  await eventually("it runs", async () => {
    try {
      return (await Deno.stat(pids)).isFile;
    } catch {
      return false;
    }
  });
  abort.abort();
  await ended;
  for (const pid of (await Deno.readTextFile(pids)).trim().split(" ")) {
    await eventually(`${pid} is gone`, () => isGone(pid));
  }
});

/** Gone, or dead and waiting for a pid 1 that does not look after its children. */
async function isGone(pid: string): Promise<boolean> {
  try {
    return /^State:\s+Z/m.test(await Deno.readTextFile(`/proc/${pid}/status`));
  } catch {
    return true;
  }
}

Deno.test("a program that others may change is not started, and says what to do", async () => {
  await using folder = await OperatorFolder.create();
  const proof = folder.root.join("proof");
  for (const [file, mode] of [["group", 0o775], ["world", 0o757], ["plain", 0o644]] as const) {
    await folder.put(file, `touch ${proof}; echo 1`, mode);
  }
  await Deno.symlink("/bin/true", folder.path("link"));
  await Deno.mkdir(folder.path("folder"));
  const { traits, failed } = await folder.collect();
  assert.deepEqual(traits, {});
  const reasons = Object.fromEntries(failed.map(({ name, reason }) => [name, reason]));
  assert.match(reasons["group"] ?? "", /written by others.*chmod go-w/);
  assert.match(reasons["world"] ?? "", /written by others.*chmod go-w/);
  assert.match(reasons["plain"] ?? "", /cannot be executed.*chmod 755/);
  assert.match(reasons["link"] ?? "", /not a file of its own/);
  assert.match(reasons["folder"] ?? "", /not a file of its own/);
  await assert.rejects(Deno.stat(proof), Deno.errors.NotFound);
});

Deno.test("a folder that others may change is not looked into", async () => {
  await using folder = await OperatorFolder.create();
  await folder.put("raid", "echo 1");
  await Deno.chmod(folder.path(""), 0o777);
  const { collectors, problem } = await folder.find();
  assert.deepEqual(collectors, []);
  assert.match(problem?.reason ?? "", /traits\.d can be written by others/);
  await Deno.chmod(folder.path(""), 0o755);
  await Deno.chmod(folder.root.path, 0o775);
  assert.match((await folder.find()).problem?.reason ?? "", /can be written by others/);
});

Deno.test("files belong to root or to the agent's own user", () => {
  const owned = (uid: number) => judgeOwnership("/x", { uid, mode: 0o100755 }, 1000);
  assert.equal(owned(0), undefined);
  assert.equal(owned(1000), undefined);
  assert.match(owned(1001) ?? "", /belongs to user 1001.*chown 1000/);
});

Deno.test(
  "another user's program is not started by root",
  { ignore: Deno.uid() !== 0 },
  async () => {
    await using folder = await OperatorFolder.create();
    await folder.put("raid", "echo 1");
    await Deno.chown(folder.path("raid"), 65_534, 65_534);
    assert.match((await folder.collect()).failed[0]?.reason ?? "", /belongs to user 65534/);
  },
);

Deno.test("a built-in trait cannot be replaced, and a name must be one that templates can write", async () => {
  await using folder = await OperatorFolder.create();
  for (const file of ["os.sh", "agent_self", "puddle", "Raid", "raid-5", "disk.py", "disk.sh"]) {
    await folder.put(file, "echo 1");
  }
  const { traits, failed } = await folder.collect();
  assert.deepEqual(traits, { disk: 1 });
  const reasons = Object.fromEntries(failed.map(({ name, reason }) => [name, reason]));
  assert.match(reasons["traits.d/os.sh"] ?? "", /"os" is a built-in trait/);
  assert.match(reasons["traits.d/agent_self"] ?? "", /built-in/);
  assert.match(reasons["traits.d/puddle"] ?? "", /built-in/);
  assert.match(reasons["traits.d/Raid"] ?? "", /cannot be called "Raid"/);
  assert.match(reasons["traits.d/raid-5"] ?? "", /cannot be called "raid-5"/);
  assert.match(reasons["traits.d/disk.sh"] ?? "", /another file gives the trait "disk"/);
});

Deno.test("more programs than may be started are counted", async () => {
  await using folder = await OperatorFolder.create();
  for (let index = 0; index < MAX_OPERATOR_COLLECTORS + 2; index++) {
    await folder.put(`t${String(index).padStart(2, "0")}`, "echo 1");
  }
  const { traits, failed } = await folder.collect();
  assert.equal(Object.keys(traits).length, MAX_OPERATOR_COLLECTORS);
  assert.deepEqual(failed, [
    { name: "traits.d", reason: "2 programs too many; at most 32 are started" },
  ]);
});
