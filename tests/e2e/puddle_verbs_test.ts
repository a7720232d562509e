import assert from "node:assert/strict";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { programCommand } from "../support/run_program.ts";
import { eventually } from "../support/eventually.ts";
import { type ExitStatus, TestProcess } from "../support/process.ts";
import { SmallDisk } from "../support/small_disk.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";

const PASSPHRASE = "correct horse battery staple";
const IS_ROOT = Deno.uid() === 0;
const DEADLINE_MS = 180_000;

/** What a verb said, and how it ended. */
interface Said extends ExitStatus {
  readonly stdout: string;
  readonly stderr: string;
}

/** A machine without a daemon, on which mara may have a puddle; she has the number of whoever runs the tests. */
class Machine {
  constructor(readonly root: TemporaryRoot) {}

  get folder(): string {
    return this.root.join("home/mara/.vigo-puddle");
  }

  static async settle(root: TemporaryRoot): Promise<Machine> {
    const machine = new Machine(root);
    const state = { gates: { enabled: true, subsystems: { puddle: true } } };
    const policy = { user: "mara", puddle: true, gitback: false, curator: false, poolq: false };
    const files = {
      "etc/passwd": `mara:x:${Deno.uid()}:${Deno.gid()}::/home/mara:/bin/sh\n`,
      "var/lib/vigo/swarm/state.json": JSON.stringify(state),
      "var/lib/vigo/usercrate-policy/mara.json": JSON.stringify(policy),
      "passphrase": `${PASSPHRASE}\n`,
    };
    await Deno.mkdir(root.join("home/mara"), { recursive: true });
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(root.join(path, ".."), { recursive: true });
      await Deno.writeTextFile(root.join(path), text);
    }
    return machine;
  }

  command(...args: string[]): string[] {
    return programCommand("vigo", ["swarm", "puddle", ...args, "--root", this.root.path]);
  }

  /** Runs a verb, with nothing but `input` on its standard input. */
  async run(args: readonly string[], input = ""): Promise<Said> {
    await using process = TestProcess.start(Deno.execPath(), this.command(...args), {
      env: { XDG_RUNTIME_DIR: "", NO_COLOR: "1" },
    });
    process.write(input);
    process.closeStdin();
    const status = await process.exited;
    return { ...status, stdout: process.output("stdout"), stderr: process.output("stderr") };
  }

  /** Runs a verb as mara. */
  mara(...args: string[]): Promise<Said> {
    return this.run([...args, "--user", "mara"]);
  }

  withPassphrase(...args: string[]): Promise<Said> {
    return this.mara(...args, "--passphrase-file", this.root.join("passphrase"));
  }

  async status(): Promise<{ publicKey: string | null; session: { pid: number } | null }> {
    return JSON.parse((await this.mara("status", "--json")).stdout);
  }
}

Deno.test("verbs of a puddle refuse what they must, and say what to do", async (t) => {
  await using root = await TemporaryRoot.create();
  const machine = await Machine.settle(root);

  await t.step("root has no puddle of its own", async () => {
    if (!IS_ROOT) return;
    const { code, stderr } = await machine.run(["init"]);
    assert.equal(code, EXIT_CODE.usage);
    assert.match(stderr, /^error: Root has no puddle: .* --user$/);
  });

  await t.step("without a terminal a passphrase comes from a file or standard input", async () => {
    const { code, stderr } = await machine.mara("init");
    assert.equal(code, EXIT_CODE.usage);
    assert.match(stderr, /no terminal\. Use --passphrase-file or --passphrase-stdin/);
  });

  await t.step("a short passphrase is refused before anything is made", async () => {
    const { code, stderr } = await machine.run(
      ["init", "--user", "mara", "--passphrase-stdin"],
      "short\n",
    );
    assert.equal(code, EXIT_CODE.usage);
    assert.match(stderr, /has 5 characters/);
    await assert.rejects(Deno.lstat(machine.folder), Deno.errors.NotFound);
  });

  await t.step("verbs that need an identity name the one that makes it", async () => {
    for (const verb of ["unlock", "pair"]) {
      const { code, stderr } = verb === "pair"
        ? await machine.mara(verb)
        : await machine.withPassphrase(verb);
      assert.equal(code, EXIT_CODE.failed, verb);
      assert.match(stderr, /not initialised\. Run "vigo swarm puddle init"/);
    }
  });

  await t.step("an identity is made once", async () => {
    assert.equal((await machine.withPassphrase("init")).code, 0);
    const { code, stderr } = await machine.withPassphrase("init");
    assert.equal(code, EXIT_CODE.failed);
    assert.match(stderr, /not overwritten/);
  });

  await t.step("a wrong passphrase opens nothing", async () => {
    const { code, stderr } = await machine.run(
      ["unlock", "--user", "mara", "--passphrase-stdin"],
      "not the right one\n",
    );
    assert.equal(code, EXIT_CODE.failed);
    assert.match(stderr, /the passphrase is wrong/);
    assert.equal((await machine.status()).session, null);
  });

  await t.step("a name of 64 hex digits is refused, since it reads as a key", async () => {
    const { code, stderr } = await machine.withPassphrase("name", "ab".repeat(32));
    assert.equal(code, EXIT_CODE.usage);
    assert.match(stderr, /64|reads as a public key/);
  });

  await t.step("pairing and joining need the daemon", async () => {
    const { code, stderr } = await machine.mara("pair");
    assert.equal(code, EXIT_CODE.unreachable);
    assert.match(stderr, /nobody answers/);
  });

  await t.step("leaving asks first", async () => {
    const { code, stderr } = await machine.mara("leave");
    assert.equal(code, EXIT_CODE.refused);
    assert.match(stderr, /lost for ever/);
    assert.ok((await machine.status()).publicKey);
  });
});

Deno.test("a session that was killed is found locked, and the next one takes its place", async () => {
  await using root = await TemporaryRoot.create();
  const machine = await Machine.settle(root);
  assert.equal((await machine.withPassphrase("init")).code, 0);
  assert.equal((await machine.withPassphrase("unlock")).code, 0);
  const first = (await machine.status()).session;
  assert.ok(first);
  const limits = await Deno.readTextFile(`/proc/${first.pid}/limits`).catch(() => undefined);
  if (limits !== undefined) assert.match(limits, /^Max core file size +0 +0 /m);
  Deno.kill(first.pid, "SIGKILL");
  try {
    await eventually("the session is gone", async () => (await machine.status()).session === null);
    assert.equal((await machine.withPassphrase("unlock")).code, 0);
    const second = (await machine.status()).session;
    assert.ok(second && second.pid !== first.pid);
  } finally {
    await machine.mara("lock");
  }
  assert.equal((await machine.status()).session, null);
});

Deno.test({
  name: "a passphrase is typed twice, and not shown",
  // script(1) of util-linux gives the terminal.
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using root = await TemporaryRoot.create();
    const machine = await Machine.settle(root);
    const words = [Deno.execPath(), ...machine.command("init", "--user", "mara")];
    const command = words.map((word) => `'${word}'`).join(" ");
    // A prompt is no whole line, so what the terminal shows is read from the file.
    const shown = root.join("shown");
    await using terminal = TestProcess.start("script", ["-qfec", command, shown], {
      env: { NO_COLOR: "1" },
    });
    for (const prompt of ["New passphrase", "Again"]) {
      await eventually(
        `${prompt} is asked`,
        async () => (await Deno.readTextFile(shown)).includes(prompt),
        DEADLINE_MS,
      );
      terminal.write(`${PASSPHRASE}\r`);
    }
    await terminal.waitForLine(/Made the identity [0-9a-f]{64}/, DEADLINE_MS);
    assert.ok(!(await Deno.readTextFile(shown)).includes(PASSPHRASE));
    assert.ok((await machine.status()).publicKey);
  },
});

Deno.test({
  name: "a full disk and a home that cannot be written to leave no half of an identity",
  ignore: !IS_ROOT,
  fn: async () => {
    await using root = await TemporaryRoot.create();
    const machine = await Machine.settle(root);
    await using disk = await SmallDisk.mount(root.join("home/mara"), 1);
    await disk.fill(0);
    await fillRest(root.join("home/mara/rest"));
    const full = await machine.withPassphrase("init");
    assert.equal(full.code, EXIT_CODE.failed);
    assert.match(full.stderr, /no space left on device/);
    await Deno.remove(root.join("home/mara/rest"));
    await disk.empty();
    const mount = async (options: string) => {
      const args = ["-o", `remount,${options}`, root.join("home/mara")];
      assert.ok((await new Deno.Command("mount", { args }).output()).success);
    };
    await mount("ro");
    const readOnly = await machine.withPassphrase("init");
    assert.equal(readOnly.code, EXIT_CODE.failed);
    assert.match(readOnly.stderr, /read-only/);
    await mount("rw");
    // What was begun is no identity, and nothing is in the way of one.
    assert.equal((await machine.status()).publicKey, null);
    assert.equal((await machine.withPassphrase("init")).code, 0);
    assert.ok((await machine.status()).publicKey);
  },
});

/** Takes what is left of a file system, byte by byte at last. */
async function fillRest(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  try {
    for (;;) await file.write(new Uint8Array(4096));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  }
}
