import { z } from "zod";
import { UserError } from "../../shared/terminal/user_error.ts";
import { TestProcess } from "../support/process.ts";
import type { SimulatedIdentity } from "../support/simulated_envoy.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { type BenchReport, type BenchRow, describeMachine, percentile } from "./bench_report.ts";
import { Callers } from "./callers.ts";
import type { BenchOptions, Progress } from "./main.ts";
import { PUBLISH_TREE, type PublishCase } from "./publish_tree.ts";

/** Envoys that check in while the server works, together some 100 times a second. */
const CALLING = 10;
const DEADLINE_MS = 900_000;
const CASES: readonly { readonly name: PublishCase; readonly envoys: number }[] = [
  { name: "patterns", envoys: PUBLISH_TREE.envoys / 100 },
  { name: "patterns", envoys: PUBLISH_TREE.envoys / 10 },
  { name: "patterns", envoys: PUBLISH_TREE.envoys },
  { name: "entries", envoys: PUBLISH_TREE.envoys },
  { name: "own_1", envoys: PUBLISH_TREE.envoys / 100 },
  { name: "own_1", envoys: PUBLISH_TREE.envoys / 10 },
  { name: "own_1", envoys: PUBLISH_TREE.envoys },
  { name: "own_10", envoys: PUBLISH_TREE.envoys },
  { name: "own_50", envoys: PUBLISH_TREE.envoys },
];

const lineSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready"), address: z.string() }),
  z.object({ kind: z.literal("staged") }),
  z.object({
    kind: z.literal("measured"),
    seconds: z.number(),
    /** How late a timer of the server's thread was at worst. */
    blockedMs: z.number(),
    cpuMs: z.number(),
    rssBytes: z.number(),
  }),
]);
type Line = z.infer<typeof lineSchema>;

/**
 * What it takes to check, compare and publish a tree of 500 configcrates and 5,000 resources for up to 10,000 envoys, and what
 * others wait meanwhile: the real service and publisher in one process, and in this one real check-ins over TLS. `publish` holds all of
 * it: reading, checking, compiling the whole fleet with both versions, comparing, writing durably, swapping. `p99` and `max` are
 * of check-ins sent while that ran; `blocked` is how late a timer of the server was at worst. In the cases `own_N` so many files of
 * each host name that host, and one of these changes for every host.
 */
export async function benchPublish(
  progress: Progress,
  { rows: wanted }: BenchOptions,
): Promise<BenchReport> {
  const rows: BenchRow[] = [];
  for (const { name, envoys } of selected(wanted)) {
    rows.push(...await measureCase(name, envoys, progress));
  }
  return { bench: "publish", machine: describeMachine(), rows, skipped: [] };
}

function selected(wanted: readonly string[]): typeof CASES {
  if (wanted.length === 0) return CASES;
  const names = CASES.map(({ name, envoys }) => `${name}_${envoys}`);
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new UserError(`${unknown} is no case of publish; there are ${names.join(", ")}`);
  }
  return CASES.filter((_, index) => wanted.includes(names[index] ?? ""));
}

async function measureCase(
  name: PublishCase,
  envoys: number,
  progress: Progress,
): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const row = (kind: string, metric: string, value: number, unit: string) =>
    rows.push({ case: `${name}_${envoys}_${kind}`, subject: "vigo", metric, value, unit });
  await using folder = await TemporaryRoot.create("vigo-publish-");
  progress(`${name}: starting a server with ${envoys} envoys`);
  await using server = new PublishServer(folder.path, name, envoys);
  const { address } = await server.next("ready");
  // Written a moment ago by the server process of this benchmark.
  const identities = JSON.parse(
    await Deno.readTextFile(folder.join("identities.json")),
  ) as SimulatedIdentity[];
  await using callers = await Callers.connect(identities, address);
  const stage = async (revision: number) => {
    server.tell({ kind: "stage", revision });
    await server.next("staged");
  };
  const measure = async (kind: "validate" | "diff" | "publish", label: string = kind) => {
    progress(`${name}: ${label}`);
    callers.latenciesMs.length = 0;
    server.tell({ kind });
    const { seconds, blockedMs, cpuMs, rssBytes } = await server.next("measured");
    const latencies = [...callers.latenciesMs];
    progress(`${name}: ${label} took ${seconds.toFixed(1)} s`);
    row(label, "total", seconds, "s");
    row(label, "cpu_ms_per_op", cpuMs, "ms");
    row(label, "blocked", blockedMs, "ms");
    if (latencies.length > 0) {
      row(label, "p50", percentile(latencies, 0.5), "ms");
      row(label, "p99", percentile(latencies, 0.99), "ms");
      row(label, "max", Math.max(...latencies), "ms");
    }
    row(label, "rss", rssBytes / 1e6, "MB");
  };
  await stage(1);
  await measure("publish", "first_publish");
  await stage(2);
  await measure("validate");
  await measure("diff");
  await measure("publish");
  server.tell({ kind: "stop" });
  return rows;
}

class PublishServer implements AsyncDisposable {
  readonly #process: TestProcess;
  #read = 0;

  constructor(folder: string, name: PublishCase, envoys: number) {
    this.#process = TestProcess.start(Deno.execPath(), [
      "run",
      "--quiet",
      "--no-check",
      "--allow-all",
      new URL("publish_server.ts", import.meta.url).pathname,
      folder,
      name,
      String(CALLING),
      String(envoys),
    ]);
  }

  tell(command: unknown): void {
    this.#process.write(`${JSON.stringify(command)}\n`);
  }

  /** The next line, which must be of this kind: lines come in the order of the commands. */
  async next<Kind extends Line["kind"]>(kind: Kind): Promise<Extract<Line, { kind: Kind }>> {
    const seen = this.#read;
    this.#read += 1;
    const deadline = performance.now() + DEADLINE_MS;
    for (;;) {
      const answers = this.#process.output("stdout").split("\n").filter((line) =>
        line.startsWith("{")
      );
      const text = answers[seen];
      if (text !== undefined) {
        const line = lineSchema.parse(JSON.parse(text));
        if (line.kind !== kind) throw new Error(`expected "${kind}", got ${text}`);
        // Narrowed by the comparison above, which the compiler cannot follow for a type parameter.
        return line as Extract<Line, { kind: Kind }>;
      }
      if (this.#process.status || performance.now() > deadline) {
        throw new Error(`no "${kind}" came:\n${this.#process.output()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
