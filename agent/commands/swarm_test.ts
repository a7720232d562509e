import assert from "node:assert/strict";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { runVigo } from "../../tests/support/run_vigo.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { LocalServer, sendJson } from "../local/local_server.ts";
import { agentPaths } from "../store/agent_paths.ts";
import type { BlobState, PeersFile, SwarmState } from "../swarm/mirror.ts";
import { SwarmPaths } from "../swarm/swarm_paths.ts";
import { STATUS } from "./status_fixture.ts";
import { STATE } from "./swarm_state_fixture.ts";

const NOW_MS = 100_000;

function blob(fields: Partial<BlobState>): BlobState {
  return {
    sha256: "ab".repeat(32),
    label: "app.tar",
    sizeBytes: 3_000_000,
    target: "web-*",
    origin: "hub",
    status: "complete",
    chunksHave: 3,
    chunksTotal: 3,
    skipReason: "",
    sources: { hub: 2, "web-2": 1 },
    isSeed: false,
    completedMs: 40_000,
    retentionSecs: 604_800,
    activeDownloadMs: 900,
    holders: ["web-2"],
    ...fields,
  };
}

const BLOBS = [
  blob({}),
  blob({ sha256: `abcd${"0".repeat(60)}`, label: "other.tar", status: "downloading" }),
];
const PEERS: PeersFile["peers"] = [{
  uuid: "6f1c2d3e-4b5a-4c6d-8e7f-0a1b2c3d4e5f",
  hostname: "web-2",
  address: "10.0.0.3",
  port: 1531,
  source: "multicast",
  provenMs: 90_000,
}];

/** A machine whose engine has written its files; nobody answers for the daemon unless a test lets somebody. */
class Machine implements AsyncDisposable {
  readonly paths;
  readonly #root: TemporaryRoot;

  private constructor(root: TemporaryRoot) {
    this.#root = root;
    this.paths = agentPaths(rootPaths(root.path));
  }

  static async create(state: Partial<SwarmState> = { blobs: BLOBS }): Promise<Machine> {
    const machine = new Machine(await TemporaryRoot.create());
    const { paths } = machine;
    for (const folder of [paths.swarmFolder, paths.runFolder]) {
      await Deno.mkdir(folder, { recursive: true });
    }
    await machine.write("state", { ...STATE, ...state });
    await machine.write("peers", { schema: 1, peers: PEERS });
    return machine;
  }

  async write(file: "state" | "peers", content: unknown): Promise<void> {
    const path = new SwarmPaths(this.paths.swarmFolder)[file];
    await Deno.writeTextFile(path, JSON.stringify(content));
  }

  vigo(...args: readonly string[]) {
    return runVigo(["swarm", ...args], { root: this.#root.path, nowMs: NOW_MS });
  }

  async json(...args: readonly string[]) {
    const { code, stdout, stderr } = await this.vigo(...args, "--json");
    assert.deepEqual([code, stderr], [EXIT_CODE.ok, ""]);
    return JSON.parse(stdout);
  }

  async refused(code: number, message: RegExp, ...args: readonly string[]): Promise<void> {
    const { code: status, stdout, stderr } = await this.vigo(...args);
    assert.deepEqual([status, stdout], [code, ""]);
    assert.match(stderr, message);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#root[Symbol.asyncDispose]();
  }
}

Deno.test("what the swarm does here is told as text and as JSON, whether a daemon answers or not", async () => {
  await using machine = await Machine.create();
  const unknown = "unknown: the daemon does not answer. Is vigo running?";
  assert.deepEqual(await machine.json("status"), { engine: unknown, ...STATE, blobs: BLOBS });
  const text = await machine.vigo("status");
  assert.equal(text.code, EXIT_CODE.ok);
  assert.match(text.stdout, new RegExp(`^Engine: +${RegExp.escape(unknown)}$`, "m"));
  assert.deepEqual(await machine.json("seeds", "list"), { blobs: BLOBS, problems: [] });
  assert.deepEqual(await machine.json("peers", "list"), PEERS);
  assert.match(
    (await machine.vigo("peers", "list")).stdout,
    /^web-2 +10\.0\.0\.3:1531 +multicast/m,
  );
  assert.match((await machine.vigo("seeds", "list")).stdout, /^app\.tar +abababababab +/m);
});

Deno.test("a blob is meant by its label or by the first digits of its SHA-256", async () => {
  await using machine = await Machine.create();
  for (const key of ["app.tar", "aba", "ab".repeat(32)]) {
    assert.deepEqual(await machine.json("seeds", "show", key), BLOBS[0]);
  }
  assert.match((await machine.vigo("seeds", "show", "abcd")).stdout, /^Label: +other\.tar$/m);
});

Deno.test("a blob that is not here, or that could be another, is refused with what to do", async () => {
  await using machine = await Machine.create();
  await machine.refused(
    EXIT_CODE.failed,
    /^error: Cannot find blob "app" on .*See "vigo swarm seeds list"$/m,
    ..."seeds show app".split(" "),
  );
  await machine.refused(
    EXIT_CODE.usage,
    /^error: Cannot tell which blob "ab" means: abab.*, abcd.*Write more digits/m,
    ..."seeds show ab".split(" "),
  );
});

Deno.test("a broken seed that the list names is shown with its problem, and a blob of its label before it", async () => {
  const problem = { label: "y.txt", reason: "y.txt.swarm is not JSON" };
  const problems = [problem, { label: "abcd", reason: "abcd.swarm is missing" }];
  await using machine = await Machine.create({ blobs: BLOBS, problems });
  assert.match(
    (await machine.vigo("seeds", "list")).stdout,
    /^y\.txt .*y\.txt\.swarm is not JSON/m,
  );
  for (const options of [[], ["--json"]]) {
    await machine.refused(
      EXIT_CODE.failed,
      /^error: Cannot seed "y\.txt": y\.txt\.swarm is not JSON$/m,
      ...["seeds", "show", "y.txt", ...options],
    );
  }
  // The label that a person wrote is meant before digits that happen to be the same.
  await machine.refused(EXIT_CODE.failed, /abcd\.swarm is missing/, "seeds", "show", "abcd");
  await machine.write("state", {
    ...STATE,
    blobs: BLOBS,
    problems: [{ ...problem, label: "app.tar" }],
  });
  assert.deepEqual(await machine.json("seeds", "show", "app.tar"), BLOBS[0]);
});

Deno.test("the list and one blob's facts tell the same status, and no completion of what was never fetched", async () => {
  const { completedMs: _, ...placed } = blob({ isSeed: true });
  const cases = [
    [placed, "seeding", undefined],
    [{ ...placed, status: "revoking" }, "revoking", undefined],
    [{ ...placed, isSeed: false }, "complete", undefined],
    [{ ...placed, isSeed: false, status: "downloading" }, "downloading", "not yet"],
    [blob({}), "complete", "1m ago, after 900ms"],
  ] as const;
  for (const [shown, status, completed] of cases) {
    await using machine = await Machine.create({ blobs: [shown] });
    const list = await machine.vigo("seeds", "list");
    assert.match(list.stdout, new RegExp(`^app\\.tar +\\w+ +\\S+ \\w+ +${status} `, "m"));
    const { stdout } = await machine.vigo("seeds", "show", "app.tar");
    assert.match(stdout, new RegExp(`^Status: +${status}$`, "m"));
    assert.equal(/^Completed: +(.*)$/m.exec(stdout)?.[1], completed);
  }
});

Deno.test("a missing argument, one too many, or an unknown verb ends with the status of a wrong use", async () => {
  await using machine = await Machine.create();
  await machine.refused(EXIT_CODE.usage, /missing required argument 'key'/, "seeds", "show");
  await machine.refused(EXIT_CODE.usage, /too many arguments/, "status", "web-2");
  await machine.refused(EXIT_CODE.usage, /unknown option '--watch'/, "peers", "list", "--watch");
  await machine.refused(EXIT_CODE.usage, /unknown command 'sedes'/, "sedes");
});

Deno.test("a file of the engine that is missing, cut short or of another version is told in one line", async () => {
  await using machine = await Machine.create();
  await machine.write("state", { ...STATE, schema: 2 });
  await machine.refused(
    EXIT_CODE.failed,
    /^error: Cannot look at the swarm: .*state\.json: schema: .*writes it anew$/m,
    "status",
  );
  const paths = new SwarmPaths(machine.paths.swarmFolder);
  await Deno.writeTextFile(paths.peers, "{");
  await machine.refused(EXIT_CODE.failed, /peers\.json is not JSON$/m, "peers", "list");
  await Deno.remove(paths.state);
  await machine.refused(EXIT_CODE.failed, /does not exist\. Is the swarm enabled/, "seeds", "list");
  await machine.refused(EXIT_CODE.failed, /does not exist\. Is the swarm enabled/, "status");
});

Deno.test("where the swarm was never on, the daemon's reason is the answer", async () => {
  await using machine = await Machine.create();
  await Deno.remove(new SwarmPaths(machine.paths.swarmFolder).state);
  const problem = "swarm.enabled of the server does not admit this machine";
  const swarm = { state: "off", address: "", problem } as const;
  const daemon = await LocalServer.listen(
    machine.paths.agentSocket,
    0o600,
    (_request, response) => {
      sendJson(response, 200, { ...STATUS, swarm });
      return Promise.resolve();
    },
  );
  try {
    const engine = `off: ${problem}`;
    assert.deepEqual(await machine.json("status"), { engine });
    assert.equal((await machine.vigo("status")).stdout, `Engine:        ${engine}\n`);
  } finally {
    await daemon.close();
  }
});
