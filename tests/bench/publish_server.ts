/** The server process of the publish benchmark: the real service and publisher over SQLite, and envoys known in bulk. */
import "reflect-metadata";
import { dirname, join } from "node:path";
import process from "node:process";
import { z } from "zod";
import { stacksPolicyResolver } from "../../server/checkin/stacks_policy_resolver.ts";
import { ConfigPublisher } from "../../server/publish/config_publisher.ts";
import { MemoryVersionLog } from "../../server/publish/memory_version_log.ts";
import { VersionStore } from "../../server/publish/version_store.ts";
import { openSqliteStore } from "../../server/store/open_sqlite_store.ts";
import { knownHosts } from "../../server/wiring/known_hosts.ts";
import { SimulatedFleet } from "../support/simulated_fleet.ts";
import { traitFixtureSchema } from "./checkin_protocol.ts";
import { PUBLISH_TREE, type PublishCase, publishHostname, publishTree } from "./publish_tree.ts";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { sha256 } from "../../shared/crypto/sha256.ts";

/** What this process is told, one JSON object per line. */
const commandSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("stage"), revision: z.number() }),
  z.object({ kind: z.literal("validate") }),
  z.object({ kind: z.literal("diff") }),
  z.object({ kind: z.literal("publish") }),
  z.object({ kind: z.literal("stop") }),
]);

const [folder = "", name = "", enrolled = "", envoys = ""] = Deno.args;
// One of the cases, which the process that started this one names.
const publishCase = name as PublishCase;
const store = await openSqliteStore(join(folder, "bench.db"));
const fixture = traitFixtureSchema.parse(
  JSON.parse(
    await Deno.readTextFile(new URL("../fixtures/traits/debian_12.json", import.meta.url)),
  ),
);
const publisher: ConfigPublisher = new ConfigPublisher({
  store: new VersionStore(join(folder, "vigo")),
  log: new MemoryVersionLog(),
  knownHosts: () => knownHosts(server.fleet.index),
  nowMs: () => Date.now(),
});
const server = await SimulatedFleet.start({ store, resolver: stacksPolicyResolver(publisher) });
await knowMany();
const identities = [];
for (let number = 0; number < Number(enrolled); number++) {
  identities.push(await server.enrol(publishHostname(number, PUBLISH_TREE)));
}
await Deno.writeTextFile(join(folder, "identities.json"), JSON.stringify(identities));
tell({ kind: "ready", address: server.address });

const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
let rest = "";
reading: for await (const text of lines) {
  const complete = (rest + text).split("\n");
  rest = complete.pop() ?? "";
  for (const line of complete) {
    const command = commandSchema.parse(JSON.parse(line));
    if (command.kind === "stop") break reading;
    if (command.kind === "stage") await stage(command.revision);
    else await measure(command.kind);
  }
}
await server[Symbol.asyncDispose]();
await store.close();
Deno.exit(0);

/** Does one thing and tells how long it took, and how late a timer of this thread was at worst meanwhile. */
async function measure(kind: "validate" | "diff" | "publish"): Promise<void> {
  let latestMs = 0;
  let dueMs = performance.now() + 1;
  const timer = setInterval(() => {
    latestMs = Math.max(latestMs, performance.now() - dueMs);
    dueMs = performance.now() + 1;
  }, 1);
  const startMs = performance.now();
  const before = process.cpuUsage();
  if (kind === "validate") {
    const { valid, problems } = await publisher.validate();
    if (!valid) throw new Error(`the tree is not valid: ${problems[0]?.message}`);
  } else {
    const result = kind === "diff"
      ? await publisher.diff({})
      : await publisher.publish({ principal: "bench", message: "" });
    if (!result.ok) throw new Error(result.reason);
  }
  const seconds = (performance.now() - startMs) / 1000;
  clearInterval(timer);
  const { user, system } = process.cpuUsage(before);
  const rssBytes = Deno.memoryUsage().rss;
  tell({ kind: "measured", seconds, blockedMs: latestMs, cpuMs: (user + system) / 1000, rssBytes });
}

async function stage(revision: number): Promise<void> {
  const stacks = join(folder, "vigo/stacks");
  for (const { path, bytes } of publishTree(publishCase, revision)) {
    await Deno.mkdir(join(stacks, dirname(path)), { recursive: true });
    await Deno.writeFile(join(stacks, path), bytes);
  }
  tell({ kind: "staged" });
}

/** Envoys that never call, of which the server knows the recorded traits of a machine. */
async function knowMany(): Promise<void> {
  const stable = new TextEncoder().encode(JSON.stringify(fixture.stable));
  const volatile = new TextEncoder().encode(JSON.stringify(fixture.volatile[0] ?? {}));
  const digest = sha256(stable);
  const signingKey = generateEd25519().signer.publicKey.toHex();
  const records = Array.from({ length: Number(envoys) - Number(enrolled) }, (_, at) => ({
    uuid: crypto.randomUUID(),
    hostname: publishHostname(at + Number(enrolled), PUBLISH_TREE),
    signingKey,
    state: "active" as const,
    enrolledAtMs: Date.now(),
    revokedAtMs: null,
    tags: {},
    tagRevision: 0,
    suspectedClone: false,
    previousHostname: null,
    removedAtMs: null,
  }));
  await store.transaction(async (inside) => {
    for (const record of records) await inside.envoys.add(record);
  });
  for (const [at, record] of records.entries()) {
    const { traits } = server.fleet.index.put(record);
    traits.setStable(stable, digest);
    traits.mergeVolatile(volatile);
    // Parsed traits may be forgotten between two turns of the event loop, as they are between check-ins, and not before.
    if (at % 50 === 0) await new Promise((resume) => setTimeout(resume, 0));
  }
}

function tell(line: unknown): void {
  console.log(JSON.stringify(line));
}
