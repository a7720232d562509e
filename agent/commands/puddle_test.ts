import assert from "node:assert/strict";
import { geteuid } from "node:process";
import { Secret } from "../../shared/crypto/secret.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { runCli } from "../../shared/terminal/run_cli.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { CHEAP_COST } from "../puddle/cheap_cost.ts";
import { createIdentity, openIdentity } from "../puddle/puddle_identity.ts";
import { loadSeed } from "../puddle/seed_signer.ts";
import { SessionHelper } from "../puddle/session_helper.ts";
import { sessionPlace } from "../puddle/session_place.ts";
import { agentPaths } from "../store/agent_paths.ts";
import type { AgentContext } from "./context.ts";
import { createProgram } from "./program.ts";
import { runPuddleVerb } from "./puddle_caller.ts";

const NOW_MS = 1_780_000_000_000;
const PASSPHRASE = "correct horse battery";

/** A machine with one user, mara, and no daemon. */
class Machine implements AsyncDisposable {
  readonly home: string;
  readonly #ending = new AbortController();
  #helper: SessionHelper | undefined;

  private constructor(readonly root: TemporaryRoot) {
    this.home = root.join("home");
  }

  static async create({ granted = true, identity = true } = {}): Promise<Machine> {
    const machine = new Machine(await TemporaryRoot.create());
    const { root, home } = machine;
    const { swarmFolder, stateFolder } = agentPaths(rootPaths(root.path));
    const policies = `${stateFolder}/usercrate-policy`;
    for (const folder of [home, swarmFolder, policies, root.join("etc")]) {
      await Deno.mkdir(folder, { recursive: true });
    }
    const passwd = `mara:x:${Deno.uid()}:${Deno.gid()}::/home:/bin/sh\n`;
    await Deno.writeTextFile(root.join("etc/passwd"), passwd);
    const gates = { enabled: true, subsystems: { puddle: true } };
    await Deno.writeTextFile(`${swarmFolder}/state.json`, JSON.stringify({ gates }));
    const policy = { user: "mara", puddle: granted, gitback: false, curator: false, poolq: false };
    await Deno.writeTextFile(`${policies}/mara.json`, JSON.stringify(policy));
    await Deno.writeTextFile(root.join("passphrase"), `${PASSPHRASE}\n`);
    if (identity) await createIdentity(home, new Secret(PASSPHRASE), CHEAP_COST);
    return machine;
  }

  async unlock(): Promise<void> {
    this.#helper = await SessionHelper.listen({
      home: this.home,
      place: sessionPlace(this.home, {}),
      signer: loadSeed(await openIdentity(this.home, new Secret(PASSPHRASE))),
      idleMs: 3_600_000,
      nowMs: () => NOW_MS,
      signal: this.#ending.signal,
    });
  }

  get passphrase(): string[] {
    return ["--passphrase-file", this.root.join("passphrase")];
  }

  /** Runs a verb of `vigo swarm puddle` as mara, with `input` on its standard input. */
  async run(args: readonly string[], input?: string, user = ["--user", "mara"]) {
    let out = "", err = "";
    const context: AgentContext = {
      write: (text) => void (out += text),
      writeError: (text) => void (err += text),
      isTerminal: false,
      env: {},
      signal: this.#ending.signal,
      now: () => NOW_MS,
      readStdin: () => Promise.resolve(input),
    };
    const [verb = "", ...rest] = args;
    const all = ["--root", this.root.path, "swarm", "puddle", verb, ...user, ...rest];
    const status = await runCli(createProgram(context), { ...context, args: all });
    return { out, err, status };
  }

  /** What a verb prints as JSON. */
  async json(...args: string[]) {
    const { out, err, status } = await this.run([...args, "--json"]);
    assert.equal(status, EXIT_CODE.ok, err);
    return JSON.parse(out);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#helper?.ended;
    await this.root[Symbol.asyncDispose]();
  }
}

Deno.test("what makes no sense on the command line ends with 2, in one line, and changes nothing", async () => {
  await using machine = await Machine.create();
  const file = machine.root.join("lines");
  await Deno.writeTextFile(file, "one line too\nmany in here\n");
  const wrong: [args: string[], said: RegExp, input?: string][] = [
    [["init", "--passphrase-stdin"], /not overwritten/, `${PASSPHRASE}\n`],
    [["name", "Mara", ...machine.passphrase], /must begin with a letter or digit/],
    [["name", "a".repeat(65), ...machine.passphrase], /has 65 characters, at most 64/],
    [["name", "ab".repeat(32), ...machine.passphrase], /reads as a public key/],
    [["name", "mara", ...machine.passphrase, "--passphrase-stdin"], /not both/, "x\n"],
    [
      ["name", "mara", "--passphrase-file", "/nowhere/at/all"],
      /from \/nowhere\/at\/all: there is none/,
    ],
    [["name", "mara", "--passphrase-file", file], /several lines/],
    [["name", "mara", "--passphrase-stdin"], /is empty/, "\n"],
    [["name", "mara", "--passphrase-stdin"], /standard input is a terminal/],
    [["name"], /missing required argument/],
    [["rotate-passphrase", "--passphrase-stdin"], /two lines/, `${PASSPHRASE}\n`],
    [["rotate-passphrase", ...machine.passphrase], /Give both/],
    [["rotate-passphrase", "--passphrase-stdin"], /has 5 characters/, `${PASSPHRASE}\nshort\n`],
    [["unlock", "--idle", "soon", ...machine.passphrase], /--idle|duration/],
    [["unlock", "--idle", "48h", ...machine.passphrase], /24h|1d/],
    [["join"], /--from/],
    [["nonsense"], /unknown command/],
  ];
  for (const [args, said, input] of wrong) {
    const { out, err, status } = await machine.run(args, input);
    const isMade = args[0] === "init";
    assert.equal(status, isMade ? EXIT_CODE.failed : EXIT_CODE.usage, `${args.join(" ")}: ${err}`);
    assert.match(err, said);
    assert.equal(out, "");
    assert.match(err, /^(note: .+\n)?error: .+\n/);
  }
  await assert.rejects(Deno.lstat(`${machine.home}/.vigo-puddle/name.json`), Deno.errors.NotFound);
});

Deno.test("a code that is none is refused before anybody is asked for an identity", async () => {
  await using machine = await Machine.create({ identity: false });
  const join = ["join", "--from", "web-1", "--code-stdin"];
  const refused = await machine.run(join, "0123-4567-89AB\n");
  assert.deepEqual([refused.status, refused.out], [EXIT_CODE.usage, ""]);
  assert.match(refused.err, /This is no code: it has four groups/);
  const unasked = await machine.run(join, "0123-4567-89AB-CDEF\n");
  assert.equal(unasked.status, EXIT_CODE.unreachable);
  assert.match(unasked.err, /Cannot ask the daemon/);
});

Deno.test("who may not act for a user, and who names none, is refused", async () => {
  await using machine = await Machine.create();
  const nobody = await machine.run(["status"], undefined, ["--user", "nobody-here"]);
  assert.deepEqual([nobody.status, /Cannot find user/.test(nobody.err)], [EXIT_CODE.usage, true]);
  if (geteuid?.() !== 0) return;
  const root = await machine.run(["status"], undefined, []);
  assert.deepEqual([root.status, /Root has no puddle/.test(root.err)], [EXIT_CODE.usage, true]);
});

Deno.test("without the grant nothing is made or opened, and looking, locking and leaving go on", async () => {
  await using machine = await Machine.create({ granted: false });
  for (const verb of [["unlock"], ["rekey"], ["name", "mara"], ["init"]]) {
    const { err, status } = await machine.run([...verb, ...machine.passphrase]);
    assert.equal(status, EXIT_CODE.notPermitted, verb.join(" "));
    assert.match(err, /usercrate-policy\/mara\.json does not grant it to mara/);
  }
  assert.match((await machine.json("status")).publicKey, /^[0-9a-f]{64}$/);
  assert.deepEqual(await machine.json("lock"), { wasUnlocked: false });
  assert.deepEqual(await machine.json("leave", "--yes"), { removed: true });
});

Deno.test("a wrong passphrase opens nothing, whatever it is asked for", async () => {
  await using machine = await Machine.create();
  for (const verb of [["unlock"], ["rekey", "--without-fleet"], ["name", "mara"]]) {
    const { err, out, status } = await machine.run(
      [...verb, "--passphrase-stdin"],
      "another horse battery\n",
    );
    assert.deepEqual([status, out], [EXIT_CODE.failed, ""], err);
    assert.match(err, /passphrase/);
  }
});

Deno.test("a puddle that is damaged is shown as far as it can be read, with what is wrong, and the status is 1", async () => {
  await using machine = await Machine.create();
  const { publicKey } = await machine.json("status");
  await Deno.writeTextFile(`${machine.home}/.vigo-puddle/identity.wrapped`, "torn");
  const { out, err, status } = await machine.run(["status"]);
  assert.equal(status, EXIT_CODE.failed);
  assert.match(out, new RegExp(`Identity: +${publicKey}\\n.*Session: +locked\\n`, "s"));
  assert.match(err, /^error: .*identity\.wrapped/);
  const asked = await machine.run(["status", "--json"]);
  assert.equal(asked.status, EXIT_CODE.failed);
  assert.deepEqual(JSON.parse(asked.out).publicKey, publicKey);
  assert.match(JSON.parse(asked.out).problem, /identity\.wrapped/);
});

Deno.test("where a puddle cannot be written for want of room, the home is named and not the agent's folder", async () => {
  await using machine = await Machine.create();
  const roots = rootPaths(machine.root.path);
  const context: AgentContext = {
    write: () => {},
    writeError: () => {},
    isTerminal: false,
    env: {},
    signal: new AbortController().signal,
    now: () => NOW_MS,
    readStdin: () => Promise.resolve(undefined),
  };
  const full = Object.assign(new Error("No space left on device (os error 28)"), {
    code: "ENOSPC",
  });
  await assert.rejects(
    runPuddleVerb({ context, roots, needsGrant: true }, { user: "mara" }, () => {
      throw full;
    }),
    {
      message:
        `Cannot write the puddle of mara: No space left on device (os error 28). Make room where ${machine.home} is, and run this again`,
    },
  );
});

Deno.test("a new key ends the session, and says so", async () => {
  await using machine = await Machine.create();
  await machine.unlock();
  const { out, status } = await machine.run([
    "rekey",
    "--without-fleet",
    ...machine.passphrase,
  ]);
  assert.equal(status, EXIT_CODE.ok);
  assert.match(out, /The session has ended; open it again with: vigo swarm puddle unlock\n/);
  assert.equal((await machine.json("status")).session, null);
});

Deno.test("every verb tells a program what it did", async () => {
  await using machine = await Machine.create({ identity: false });
  const none = await machine.json("status");
  assert.deepEqual([none.publicKey, none.session, none.retiredKeys], [null, null, []]);
  assert.deepEqual(Object.keys(await machine.json("init", ...machine.passphrase)), ["publicKey"]);
  const { publicKey } = await machine.json("status");

  await machine.unlock();
  const already = await machine.json("unlock", ...machine.passphrase);
  assert.deepEqual([already.publicKey, already.alreadyUnlocked], [publicKey, true]);
  assert.equal(typeof (await machine.json("status")).session.pid, "number");
  assert.deepEqual(await machine.json("lock"), { wasUnlocked: true });

  const named = await machine.run(["name", "mara", ...machine.passphrase, "--json"]);
  assert.match(named.err, /could not be asked whether another puddle claims "mara"/);
  const { claim } = JSON.parse(named.out);
  assert.deepEqual([claim.publicKey, claim.name], [publicKey, "mara"]);

  const alone = await machine.run(["rekey", ...machine.passphrase]);
  assert.equal(alone.status, EXIT_CODE.unreachable, "other machines' topics are not known");
  const { oldKey, newKey } = await machine.json("rekey", "--without-fleet", ...machine.passphrase);
  assert.equal(oldKey, publicKey);
  const after = await machine.json("status");
  assert.deepEqual([after.publicKey, after.retiredKeys], [newKey, [oldKey]]);

  await Deno.writeTextFile(machine.root.join("next"), "another passphrase\n");
  const rotated = ["--new-passphrase-file", machine.root.join("next")];
  assert.deepEqual(
    await machine.json("rotate-passphrase", ...machine.passphrase, ...rotated),
    { rotated: true },
  );
  const unsaid = await machine.run(["leave"]);
  assert.equal(unsaid.status, EXIT_CODE.refused);
  assert.match(unsaid.err, /Nothing was removed. .*--yes/);
  assert.deepEqual(await machine.json("leave", "--yes"), { removed: true });
  assert.deepEqual(await machine.json("leave", "--yes"), { removed: false });
});
