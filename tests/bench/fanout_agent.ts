/** One agent of the fan-out benchmark, as a process of its own. Its job comes as one line of JSON on standard input. */
import { z } from "zod";
import { loadSigner } from "../../shared/crypto/ed25519.ts";
import { TestEnvoy } from "../e2e/swarm_envoy.ts";
import { TestAuthority } from "../e2e/swarm_fleet.ts";
import { eventually } from "../support/eventually.ts";

const identity = z.object({ certificate: z.string(), privateKey: z.string() });

/** What one agent is told. Keys are made for one run and travel over a pipe. */
export const fanoutJobSchema = z.object({
  caPem: z.string(),
  serverKeyPem: z.string(),
  discoveryPort: z.number(),
  seeders: z.array(z.string()),
  members: z.array(z.object({ hostname: z.string(), uuid: z.string(), author: z.string() })),
  own: z.object({
    hostname: z.string(),
    uuid: z.string(),
    author: z.string(),
    signingKeyPem: z.string(),
    identity,
  }),
  folder: z.string(),
  address: z.string(),
  port: z.number(),
  /** Blobs to wait for. */
  wanted: z.array(z.string()),
});
export type FanoutJob = z.infer<typeof fanoutJobSchema>;

/** What one agent reports when it holds everything. */
export const fanoutResultSchema = z.object({
  hostname: z.string(),
  completedAtMs: z.number(),
  sources: z.record(z.string(), z.number()),
  peakRssBytes: z.number(),
  cpuMs: z.number(),
});
export type FanoutResult = z.infer<typeof fanoutResultSchema>;

if (import.meta.main) await main();

async function main(): Promise<void> {
  const [line = ""] = (await readLine()).split("\n");
  const job = fanoutJobSchema.parse(JSON.parse(line));
  const signer = loadSigner(job.own.signingKeyPem);
  const own = { ...job.own, signer };
  const others = job.members.map((member) => ({ ...own, ...member }));
  const envoy = new TestEnvoy({
    fleet: {
      authority: TestAuthority.of(job.caPem),
      server: loadSigner(job.serverKeyPem),
      members: others,
      seeders: job.seeders,
      discoveryPort: job.discoveryPort,
    },
    member: own,
    folder: job.folder,
    address: job.address,
    port: job.port,
  });
  envoy.start();
  await envoy.waitReady();
  const startCpuMs = await readCpuMs();
  console.log("ready");
  const sources: Record<string, number> = {};
  for (const sha256 of job.wanted) {
    const blob = await envoy.waitFor(sha256, "complete", 600_000);
    for (const [name, count] of Object.entries(blob.sources)) {
      sources[name] = (sources[name] ?? 0) + count;
    }
  }
  const completed = await Promise.all(job.wanted.map((sha256) => envoy.blob(sha256)));
  const completedAtMs = Math.max(...completed.map((blob) => blob?.completedMs ?? 0));
  const cpuMs = await readCpuMs() - startCpuMs;
  await report({ hostname: job.own.hostname, completedAtMs, sources, cpuMs });
  // Goes on serving the others until the benchmark ends it.
  await eventually("the benchmark ends", () => false, 3_600_000);
}

async function report(result: Omit<FanoutResult, "peakRssBytes">): Promise<void> {
  const status = await Deno.readTextFile("/proc/self/status");
  const peakRssBytes = Number(/VmHWM:\s*(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  console.log(`result ${JSON.stringify({ ...result, peakRssBytes })}`);
}

async function readCpuMs(): Promise<number> {
  const stat = (await Deno.readTextFile("/proc/self/stat")).split(") ")[1]?.split(" ") ?? [];
  // Fields 14 and 15 of proc(5), in ticks of 10 ms.
  return (Number(stat[11]) + Number(stat[12])) * 10;
}

async function readLine(): Promise<string> {
  let text = "";
  for await (const part of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("\n")) return text;
  }
  throw new Error("Standard input ended before the job came");
}
