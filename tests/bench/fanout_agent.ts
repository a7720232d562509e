/** One agent of the fan-out benchmark, as a process of its own. Its job comes as one line of JSON on standard input. */
import { createInterface } from "node:readline";
import process from "node:process";
import { z } from "zod";
import { engineWorkerPermissions } from "../../agent/swarm/start_engine.ts";
import { loadSigner } from "../../shared/crypto/ed25519.ts";
import { TestEnvoy } from "../e2e/swarm_envoy.ts";
import { TestAuthority } from "../e2e/swarm_fleet.ts";
import { eventually } from "../support/eventually.ts";

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
    ...(job.corrupts ? { startWorker: startCorruptingWorker } : {}),
  });
  console.log("loaded");
  await lines.next();
  envoy.start();
  await envoy.waitReady();
  // From here on the peak is that of the transfer and not of starting (proc(5)).
  await Deno.writeTextFile("/proc/self/clear_refs", "5");
  console.log("ready");
  const share = () => {
    const blobs = envoy.events.findLast((event) => event.kind === "progress")?.blobs ?? [];
    const have = blobs.filter(({ origin }) => !origin).reduce(
      (sum, one) =>
        sum + (one.status === "complete" ? 1 : one.chunksHave / Math.max(1, one.chunksTotal)),
      0,
    );
    return job.wanted === 0 ? 0 : have / job.wanted;
  };
  for (const [name, wanted] of [["half", 0.5], ["most", 0.9], ["done", 1]] as const) {
    await eventually(`holds ${wanted}`, () => share() >= wanted, HOUR_MS);
    console.log(name);
  }
  // Goes on serving the others until the benchmark ends it.
  await eventually("the benchmark ends", () => false, HOUR_MS);
}

function startCorruptingWorker(folder: string): Worker {
  return new Worker(new URL("./fanout_corrupting_worker.ts", import.meta.url), {
    type: "module",
    deno: { permissions: engineWorkerPermissions(folder) },
  });
}
