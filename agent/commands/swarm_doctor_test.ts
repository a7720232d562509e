import assert from "node:assert/strict";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { findFreePort } from "../../tests/support/free_port.ts";
import { runVigo } from "../../tests/support/run_vigo.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { LocalServer, sendJson } from "../local/local_server.ts";
import type { AgentStatus } from "../cycle/status.ts";
import { agentPaths } from "../store/agent_paths.ts";
import type { Diagnosis } from "../swarm/diagnosis.ts";
import { SOUND, SOUND_PEER } from "../swarm/doctor/fake_diagnosis.ts";
import { STATUS } from "./status_fixture.ts";

/** What a daemon answers; there is none without. */
interface Answers {
  readonly swarm?: AgentStatus["swarm"];
  readonly failures?: number;
  readonly lastFailure?: string;
  readonly diagnosis?: Diagnosis | null;
}

/** Runs `vigo swarm doctor`, and tells what it asked the daemon for. */
async function doctor(args: readonly string[], answers?: Answers) {
  await using root = await TemporaryRoot.create();
  const { runFolder, agentSocket } = agentPaths(rootPaths(root.path));
  await Deno.mkdir(runFolder, { recursive: true });
  const asked: string[] = [];
  const daemon = answers && await LocalServer.listen(agentSocket, 0o600, ({ url }, response) => {
    asked.push(url ?? "");
    const { diagnosis = SOUND, ...status } = answers;
    sendJson(response, 200, url === "/status" ? { ...STATUS, ...status } : diagnosis);
    return Promise.resolve();
  });
  try {
    return { ...await runVigo(["swarm", "doctor", ...args], { root: root.path }), asked };
  } finally {
    await daemon?.close();
  }
}

/** What is a problem, by its code, with the status. */
async function problems(args: readonly string[], answers?: Answers) {
  const { code, stdout, stderr } = await doctor([...args, "--json"], answers);
  assert.equal(stderr, "");
  const { ok, findings, diagnosis } = JSON.parse(stdout);
  assert.equal(ok, code === EXIT_CODE.ok);
  const found = findings.filter(({ level }: { level: string }) => level === "problem");
  assert.ok(found.every(({ remedy }: { remedy?: string }) => remedy !== undefined));
  return { code, codes: found.map((one: { code: string }) => one.code), diagnosis };
}

Deno.test("where nothing is in the way every line is ok, and the status 0", async () => {
  const { code, stdout, stderr, asked } = await doctor([], {});
  assert.deepEqual([code, stderr], [EXIT_CODE.ok, ""]);
  assert.deepEqual(asked, ["/status", "/swarm/diagnosis"]);
  for (const line of stdout.trimEnd().split("\n")) assert.match(line, /^(ok|note) {3,}\S/);
  assert.deepEqual(await problems([], {}), { code: EXIT_CODE.ok, codes: [], diagnosis: SOUND });
});

Deno.test("a peer is asked for by name, whatever stands in it", async () => {
  const peer = { ...SOUND_PEER, hostname: "web-2" };
  const { code, stdout, asked } = await doctor(["web-2"], { diagnosis: { ...SOUND, peer } });
  assert.equal(code, EXIT_CODE.ok, stdout);
  assert.equal(asked.at(-1), "/swarm/diagnosis?peer=web-2");
  assert.match(stdout, /^ok +web-2 .*answers on TCP 1531$/m);
  const odd = await doctor(["a&b=c/.."], { diagnosis: { ...SOUND, peer } });
  assert.equal(odd.asked.at(-1), "/swarm/diagnosis?peer=a%26b%3Dc%2F..");
});

Deno.test("a problem is a line with what to do, and the status 1", async () => {
  const peer = { ...SOUND_PEER, heardAgoMs: null };
  const { code, stdout, stderr } = await doctor(["web-2"], { diagnosis: { ...SOUND, peer } });
  assert.deepEqual([code, stderr], [EXIT_CODE.failed, ""]);
  assert.match(stdout, /^problem +TCP answers but no announcement.*; allow UDP 1531 on web-2/m);
});

Deno.test("without a daemon, an engine or an open gate that is the problem, and nothing else is asked", async () => {
  const gone = await problems([]);
  assert.deepEqual(gone, { code: EXIT_CODE.failed, codes: ["daemon"], diagnosis: null });
  const off = { state: "off", address: "", problem: "" } as const;
  assert.deepEqual((await problems([], { swarm: off })).codes, ["gate"]);
  const unheard = { swarm: off, failures: 2, lastFailure: "connection refused" };
  assert.match(
    (await doctor([], unheard)).stdout,
    /the server was not heard: connection refused; have swarm\.enabled in server\.yaml name/,
  );
  const starting = { state: "starting", address: "", problem: "no memory" } as const;
  const { stdout, asked } = await doctor(["web-2"], { swarm: starting });
  assert.match(stdout, /^problem +the swarm engine does not run: .*no memory/m);
  assert.deepEqual(asked, ["/status"]);
  assert.deepEqual((await problems([], { diagnosis: null })).codes, ["engine"]);
});

Deno.test("who is no peer is called from here, at the port that was named", async () => {
  const asked = (port: number) => {
    const peer = { isKnown: false as const, asked: "127.0.0.1", heardAgoMs: null };
    return problems([`127.0.0.1:${port}`], { diagnosis: { ...SOUND, peer } });
  };
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  assert.deepEqual((await asked(listener.addr.port)).codes, ["unproven"]);
  assert.deepEqual((await asked(findFreePort())).codes, ["nobody-listens"]);
});

Deno.test("one peer is asked about at a time", async () => {
  const { code, stdout, stderr } = await doctor(["web-2", "web-3"], {});
  assert.deepEqual([code, stdout], [EXIT_CODE.usage, ""]);
  assert.match(stderr, /^error: too many arguments.*\n$/);
});
