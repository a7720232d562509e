import { readManifest } from "../../agent/swarm/mirror.ts";
import { generateEd25519, loadSigner } from "../../shared/crypto/ed25519.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { enrolMember, TestAuthority } from "../e2e/swarm_fleet.ts";
import { findFreePort } from "../support/free_port.ts";
import { allocateLoopback } from "../support/loopback_addresses.ts";
import { TestProcess } from "../support/process.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { type BenchReport, type BenchRow, describeMachine, percentile } from "./bench_report.ts";
import { type FanoutJob, type FanoutResult, fanoutResultSchema } from "./fanout_agent.ts";

const MIB = 1024 * 1024;
const DEADLINE_MS = 300_000;

interface FanoutCase {
  readonly name: string;
  readonly receivers: number;
  readonly sizeBytes: number;
}

const CASES: readonly FanoutCase[] = [
  { name: "256MiB_to_8", receivers: 8, sizeBytes: 256 * MIB },
  { name: "16MiB_to_8", receivers: 8, sizeBytes: 16 * MIB },
];

/** How fast a blob reaches a fleet of real agents on loopback, and what each part of it costs. */
export async function benchFanout(
  progress: (text: string) => void,
  cases: readonly FanoutCase[] = CASES,
): Promise<BenchReport> {
  const rows: BenchRow[] = [];
  for (const one of cases) {
    progress(`fan-out: ${one.name}`);
    rows.push(...await measure(one));
  }
  const skipped = ["rivals: this benchmark does not run them yet"];
  return { bench: "fanout", machine: describeMachine(), rows, skipped };
}

async function measure({ name, receivers, sizeBytes }: FanoutCase): Promise<BenchRow[]> {
  await using root = await TemporaryRoot.create();
  const authority = await TestAuthority.create();
  const server = generateEd25519();
  const hostnames = Array.from({ length: receivers + 1 }, (_, index) => `envoy-${index}`);
  const members = await Promise.all(hostnames.map(async (hostname) => {
    const { privateKeyPem } = generateEd25519();
    const member = await enrolMember(authority, hostname, loadSigner(privateKeyPem));
    return { member, privateKeyPem };
  }));
  const content = randomBytes(sizeBytes);
  const sha256 = sha256Hex(content);
  const discoveryPort = findFreePort();
  const places = allocateLoopback(receivers + 1, findFreePort());
  const jobs = members.map(({ member, privateKeyPem }, index): FanoutJob => {
    const place = places[index];
    if (!place) throw new RangeError(`No address for ${member.hostname}`);
    return {
      caPem: authority.pem,
      serverKeyPem: server.privateKeyPem,
      discoveryPort,
      seeders: ["envoy-0"],
      members: members.map(({ member: { hostname, uuid, author } }) => ({
        hostname,
        uuid,
        author,
      })),
      own: {
        hostname: member.hostname,
        uuid: member.uuid,
        author: member.author,
        signingKeyPem: privateKeyPem,
        identity: member.identity,
      },
      folder: root.join(member.hostname),
      address: place.hostname,
      port: place.port,
      wanted: index === 0 ? [] : [sha256],
    };
  });
  await using agents = new AsyncDisposableStack();
  const processes = jobs.map((job) => {
    const script = new URL("./fanout_agent.ts", import.meta.url).pathname;
    const agent = TestProcess.start(Deno.execPath(), ["run", "-A", "--no-check", script]);
    agents.use(agent);
    agent.write(`${JSON.stringify(job)}\n`);
    return agent;
  });
  for (const agent of processes) await agent.waitForLine(/^ready$/, DEADLINE_MS);
  const seed = root.join("envoy-0", "seed", "payload.bin");
  await Deno.writeFile(seed, content);
  await Deno.writeTextFile(`${seed}.swarm`, JSON.stringify({ target: "*", retention: "0" }));
  const results = await Promise.all(
    processes.slice(1).map(async (agent) => {
      const [, text = ""] = await agent.waitForLine(/^result (.*)$/, DEADLINE_MS);
      return fanoutResultSchema.parse(JSON.parse(text));
    }),
  );
  // The manifest entry's birth is when the seed is hashed and told: what fans out begins there.
  const manifest = await readManifest(root.join("envoy-0"));
  const entry = manifest.ok ? manifest.value.entries[0] : undefined;
  if (!entry) throw new Error("Cannot tell when the fan-out began: the origin has no manifest");
  return summarise(name, sizeBytes, entry.createdMs, results);
}

function summarise(
  name: string,
  sizeBytes: number,
  startedMs: number,
  results: readonly FanoutResult[],
): BenchRow[] {
  const seconds = results.map(({ completedAtMs }) => (completedAtMs - startedMs) / 1000);
  const total = (key: (name: string) => boolean) =>
    results.reduce((sum, { sources }) =>
      sum + Object.entries(sources).filter(([host]) => key(host))
        .reduce((part, [, count]) => part + count, 0), 0);
  const deliveredGb = results.length * sizeBytes / 1e9;
  const cpuSeconds = results.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / 1000;
  const row = (metric: string, value: number, unit: string): BenchRow => ({
    case: name,
    subject: "vigo",
    metric,
    value,
    unit,
  });
  return [
    row("p50", percentile(seconds, 0.5), "s"),
    row("p90", percentile(seconds, 0.9), "s"),
    row("max", Math.max(...seconds), "s"),
    row("throughput", results.length * sizeBytes / 1e6 / Math.max(...seconds), "MB/s"),
    row("origin_share", total((host) => host === "envoy-0") / total(() => true), ""),
    row("cpu_s_per_gb", cpuSeconds / deliveredGb, "s"),
    row("rss_peak", Math.max(...results.map(({ peakRssBytes }) => peakRssBytes)) / 1e6, "MB"),
  ];
}

function randomBytes(sizeBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, Math.min(sizeBytes, at + 65_536)));
  }
  return bytes;
}
