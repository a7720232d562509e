/** One agent of the fan-out benchmark, as a process of its own. Its job comes as one line of JSON on standard input. */
import { createInterface } from "node:readline";
import process from "node:process";
import { z } from "zod";
import { engineWorkerPermissions } from "../../agent/swarm/start_engine.ts";
import type { BlobProgress } from "../../shared/proto/agent.ts";
import { loadSigner } from "../../shared/crypto/ed25519.ts";
import { TestEnvoy } from "../e2e/swarm_envoy.ts";
import { TestAuthority } from "../e2e/swarm_fleet.ts";

const member = z.object({ hostname: z.string(), uuid: z.string(), author: z.string() });

/** What one agent is told. Keys are made for one run and travel over a pipe. */
export const fanoutJobSchema = z.object({
  caPem: z.string(),
  serverKeyPem: z.string(),
  members: z.array(member),
  own: member.extend({
    signingKeyPem: z.string(),
    identity: z.object({ certificate: z.string(), privateKey: z.string() }),
  }),
  folder: z.string(),
  address: z.string(),
  /** Blobs to wait for; none for the origin. */
  wanted: z.number(),
  /** Whether it sends wrong bytes now and then. */
  corrupts: z.boolean(),
});
export type FanoutJob = z.infer<typeof fanoutJobSchema>;

const ORIGIN = "envoy-0";
const PORT = 1531;
const HOUR_MS = 3_600_000;

if (import.meta.main) await main();

/** Prints `ready`, starts its engine when it reads `go`, and prints `half` and `most` when it holds that much, and `done`. */
async function main(): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const job = fanoutJobSchema.parse(JSON.parse((await lines.next()).value ?? ""));
  const own = { ...job.own, signer: loadSigner(job.own.signingKeyPem) };
  const envoy = new TestEnvoy({
    fleet: {
      authority: TestAuthority.of(job.caPem),
      server: loadSigner(job.serverKeyPem),
      members: job.members.map((one) => ({ ...own, ...one })),
      seeders: [ORIGIN],
      discoveryPort: PORT,
    },
    member: own,
    folder: job.folder,
    address: job.address,
    port: PORT,
    onProgress: tellMilestones(job.wanted),
    ...(job.corrupts ? { startWorker: startCorruptingWorker } : {}),
  });
  console.log("loaded");
  await lines.next();
  envoy.start();
  await envoy.waitReady();
  // From here on the peak is that of the transfer and not of starting (proc(5)).
  await Deno.writeTextFile("/proc/self/clear_refs", "5");
  console.log("ready");
  // Goes on serving the others until the benchmark ends it.
  await new Promise((resolve) => setTimeout(resolve, HOUR_MS));
}

/** Prints each milestone when so much of what is wanted is held. */
function tellMilestones(wanted: number): (blobs: readonly BlobProgress[]) => void {
  const left = [["half", 0.5], ["most", 0.9], ["done", 1]] as const;
  let told = 0;
  return (blobs) => {
    const have = blobs.filter(({ origin }) => !origin).reduce(
      (sum, one) => sum + heldShare(one),
      0,
    );
    for (; told < left.length; told += 1) {
      const [name, share] = left[told] ?? ["done", 1];
      if (wanted === 0 || have / wanted < share) return;
      console.log(name);
    }
  };
}

function heldShare({ status, chunksHave, chunksTotal }: BlobProgress): number {
  return status === "complete" ? 1 : chunksHave / Math.max(1, chunksTotal);
}

function startCorruptingWorker(folder: string): Worker {
  return new Worker(new URL("./fanout_corrupting_worker.ts", import.meta.url), {
    type: "module",
    deno: { permissions: engineWorkerPermissions(folder) },
  });
}
