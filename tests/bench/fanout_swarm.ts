import { join } from "node:path";
import { readManifest, readSwarmState } from "../../agent/swarm/mirror.ts";
import { generateEd25519, loadSigner } from "../../shared/crypto/ed25519.ts";
import { RUNTIME_FLAGS } from "../../tools/runtime_flags.ts";
import { enrolMember, TestAuthority } from "../e2e/swarm_fleet.ts";
import { eventually } from "../support/eventually.ts";
import type { NetworkFleet } from "../support/network_namespaces.ts";
import type { TestProcess } from "../support/process.ts";
import type { FanoutJob } from "./fanout_agent.ts";
import { type FanoutCase, SEEDER_AWAY_MS } from "./fanout_case.ts";
import type { FanoutOutcome } from "./fanout_results.ts";
import { readProcessCost } from "./process_cost.ts";

const DEADLINE_MS = 900_000;
const SLOW_MBIT_PER_SECOND = 1;
const ORIGIN = "envoy-0";
/** The receiver that a story is about. */
const ODD_ONE = 1;

/** What a case needs beside its description. */
export interface FanoutPlace {
  readonly net: NetworkFleet;
  /** Empty, and the case's own. */
  readonly folder: string;
  /** Has the content that spreads, as files. */
  readonly content: string;
  readonly progress: (text: string) => void;
}

interface Agent {
  readonly index: number;
  readonly job: FanoutJob;
  process: TestProcess;
}

/** Real engines, one process and one network namespace each, cold, over mTLS. */
export async function measureSwarm(one: FanoutCase, place: FanoutPlace): Promise<FanoutOutcome> {
  const { files, fileBytes, story } = one;
  await using started = new AsyncDisposableStack();
  const jobs = await prepareJobs(one, place);
  const start = (index: number): TestProcess => {
    const script = new URL("./fanout_agent.ts", import.meta.url).pathname;
    const args = ["run", "-A", "--no-check", "--quiet", ...RUNTIME_FLAGS.vigo, script];
    const process = place.net.host(index).start(Deno.execPath(), args);
    started.use(process);
    process.write(`${JSON.stringify(jobs[index])}\n`);
    return process;
  };
  const agents = jobs.map((job, index): Agent => ({ index, job, process: start(index) }));
  const each = (chosen: readonly Agent[], line: RegExp) =>
    Promise.all(chosen.map(({ process }) => process.waitForLine(line, DEADLINE_MS)));
  const go = async (chosen: readonly Agent[]) => {
    for (const { process } of chosen) process.write("go\n");
    await each(chosen, /^ready$/);
  };
  place.progress(`${one.name}: starting ${agents.length} agents`);
  await each(agents, /^loaded$/);
  const late = story === "late_joiner" ? agents.slice(ODD_ONE, ODD_ONE + 1) : [];
  const early = agents.filter((agent) => !late.includes(agent));
  await go(early);
  if (story === "slow_peer") await place.net.host(ODD_ONE).limitBandwidth(SLOW_MBIT_PER_SECOND);
  const idle = await costs(agents);
  const pastCpuMs = { value: 0 };

  place.progress(`${one.name}: spreading ${files} × ${fileBytes} bytes`);
  const [origin, ...others] = agents;
  if (!origin) throw new Error("unreachable: a case has an origin");
  await seedAll(place.content, origin.job.folder);
  const waited = others.filter(({ index }) => story !== "slow_peer" || index !== ODD_ONE);
  let joinedMs: number | undefined;
  if (story === "late_joiner") {
    await each(waited.filter((agent) => !late.includes(agent)), /^most$/);
    joinedMs = Date.now();
    await go(late);
  }
  if (story === "seeder_killed") {
    await each(waited, /^half$/);
    pastCpuMs.value = (await readProcessCost(origin.process.pid)).cpuMs;
    await origin.process.kill();
    await new Promise((resolve) => setTimeout(resolve, SEEDER_AWAY_MS));
    origin.process = start(origin.index);
    await origin.process.waitForLine(/^loaded$/, DEADLINE_MS);
    await go([origin]);
  }
  await each(waited, /^done$/);
  const spent = await costs(agents);
  const done = await Promise.all(waited.map((agent) => readReceiver(agent, files)));
  const bornMs = await readBirth(origin.job.folder);
  const seconds = done.map(({ completedMs }, at) =>
    (completedMs - (late.includes(waited[at] as Agent) ? joinedMs ?? bornMs : bornMs)) / 1000
  );
  const cpuOf = (list: readonly { cpuMs: number }[]) =>
    list.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  return {
    seconds,
    deliveredBytes: waited.length * files * fileBytes,
    cpuMs: cpuOf(spent) + pastCpuMs.value - cpuOf(idle),
    peakRssBytes: spent.slice(1).map(({ peakRssBytes }) => peakRssBytes),
    idleRssBytes: idle.slice(1).map(({ peakRssBytes }) => peakRssBytes),
    sources: addUp(done.map(({ sources }) => sources)),
    origin: ORIGIN,
    files,
    extra: late.length === 0
      ? []
      : [{ metric: "late_joiner", value: seconds[0] ?? NaN, unit: "s" }],
  };
}

async function prepareJobs(
  { receivers, files, story }: FanoutCase,
  { net, folder }: FanoutPlace,
): Promise<FanoutJob[]> {
  const authority = await TestAuthority.create();
  const server = generateEd25519();
  const hostnames = Array.from({ length: receivers + 1 }, (_, index) => `envoy-${index}`);
  const members = await Promise.all(hostnames.map(async (hostname) => {
    const { privateKeyPem } = generateEd25519();
    const member = await enrolMember(authority, hostname, loadSigner(privateKeyPem));
    return { member, signingKeyPem: privateKeyPem };
  }));
  const known = members.map(({ member: { hostname, uuid, author } }) => ({
    hostname,
    uuid,
    author,
  }));
  return members.map(({ member, signingKeyPem }, index) => ({
    caPem: authority.pem,
    serverKeyPem: server.privateKeyPem,
    members: known,
    own: {
      hostname: member.hostname,
      uuid: member.uuid,
      author: member.author,
      signingKeyPem,
      identity: member.identity,
    },
    folder: join(folder, member.hostname),
    address: net.host(index).address,
    wanted: index === 0 ? 0 : files,
    corrupts: story === "corrupting_peer" && index === ODD_ONE,
  }));
}

/** Places every file with its `.swarm`, the latter last of all, so that all of them are seeds at once. */
async function seedAll(content: string, folder: string): Promise<void> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(content)) {
    await Deno.copyFile(join(content, name), join(folder, "seed", name));
    names.push(name);
  }
  for (const name of names) {
    const seed = join(folder, "seed", `${name}.swarm`);
    await Deno.writeTextFile(seed, JSON.stringify({ target: "*", retention: "0" }));
  }
}

/** When the first entry was made: hashing is done then, and what fans out begins there. */
async function readBirth(folder: string): Promise<number> {
  const manifest = await readManifest(folder);
  if (!manifest.ok) throw new Error(`Cannot tell when the fan-out began: ${manifest.reason}`);
  return Math.min(...manifest.value.entries.map(({ createdMs }) => createdMs));
}

/** The mirror file follows the engine's word at once, but not before it. */
async function readReceiver({ job: { folder, own } }: Agent, files: number) {
  const blobs = await eventually(`${own.hostname} shows all it holds`, async () => {
    const state = await readSwarmState(folder);
    const held = state.ok ? state.value.blobs.filter(({ status }) => status === "complete") : [];
    return held.length === files && held;
  });
  return {
    completedMs: Math.max(...blobs.map(({ completedMs }) => completedMs ?? NaN)),
    sources: addUp(blobs.map(({ sources }) => sources)),
  };
}

function costs(agents: readonly Agent[]) {
  return Promise.all(agents.map(({ process }) => readProcessCost(process.pid)));
}

function addUp(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, count] of parts.flatMap((part) => Object.entries(part))) {
    sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}
