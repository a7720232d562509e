import { join } from "node:path";
import { cpuUsage } from "node:process";
import { generateEd25519 } from "../../shared/crypto/ed25519.ts";
import { ChainReader } from "../../shared/poolq/chain.ts";
import { signedLog } from "../../shared/poolq/log_fixture.ts";
import { messageLine } from "../../shared/poolq/message.ts";
import { topicId } from "../../shared/poolq/topic.ts";
import { PuddleChain } from "../../shared/puddle/puddle_chain.ts";
import { postFixture } from "../../agent/poolq/post_fixture.ts";
import { postMessages } from "../../agent/poolq/post.ts";
import { findMissing, installSystemPackages } from "../../tools/system_packages.ts";
import { TestProcess } from "../support/process.ts";
import { TemporaryRoot } from "../support/temporary_root.ts";
import { type BenchReport, type BenchRow, describeMachine } from "./bench_report.ts";
import type { Progress } from "./main.ts";
import { BODY } from "./poolq_body.ts";
import { benchPoolqFleet } from "./poolq_fleet.ts";
import { DurableRedis } from "./poolq_redis.ts";

const ONE_BY_ONE = 500;
const BATCH = 1_000;
const BATCHES = 5;
const WRITERS = 8;
const EACH_WRITER = 100;
const READ_MESSAGES = 20_000;
const DEADLINE_MS = 600_000;

const REDIS = { program: "redis-server", package: "redis-server", purpose: "the rival redis" };

/**
 * Durable posts one by one, in batches, and by eight writers on eight topics, beside Redis Streams that sync every write; and
 * how fast a reader proves what it reads. All writers and Redis share one file system.
 */
export async function benchPoolq(progress: Progress): Promise<BenchReport> {
  const rows: BenchRow[] = [], skipped: string[] = [];
  await using root = await TemporaryRoot.create();
  progress(`posting below ${root.path}`);
  rows.push(...await postOneByOne(root), ...await postBatches(root));
  progress(`${WRITERS} writers on ${WRITERS} topics`);
  rows.push(await postSideBySide(root));
  progress(`verifying ${READ_MESSAGES} messages`);
  rows.push(...await readAndVerify());
  await installSystemPackages([REDIS], progress);
  const [missing] = await findMissing([REDIS]);
  if (missing) {
    skipped.push(`redis: ${missing.program} is not installed (Debian package ${missing.package})`);
  } else {
    progress("the same with redis");
    rows.push(...await measureRedis(root));
  }
  rows.push(...await benchPoolqFleet(progress));
  return { bench: "poolq", machine: describeMachine(), rows, skipped };
}

function rate(name: string, subject: string, count: number, elapsedMs: number): BenchRow {
  const value = count / elapsedMs * 1_000;
  return { case: name, subject, metric: "throughput", value, unit: "messages/s" };
}

async function time(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** How fast this process does something, and what that costs it: on a machine that is busy the second says more. */
async function costOf(
  name: string,
  count: number,
  work: () => Promise<void> | void,
): Promise<BenchRow[]> {
  const before = cpuUsage();
  const elapsedMs = await time(async () => await work());
  const { user, system } = cpuUsage(before);
  return [
    rate(name, "vigo", count, elapsedMs),
    cpuRow(name, "vigo", (user + system) / 1e3 / count),
  ];
}

function cpuRow(name: string, subject: string, value: number): BenchRow {
  return { case: name, subject, metric: "cpu_ms_per_op", value, unit: "ms" };
}

/** One process that posts again and again: what the disk and the work on each message cost, without a start. */
async function postOneByOne(root: TemporaryRoot): Promise<BenchRow[]> {
  const home = root.join("one");
  await Deno.mkdir(home);
  const { context, messageSigner } = postFixture(home);
  await postMessages(context, messageSigner, "events", [BODY]);
  return await costOf("post_one_by_one", ONE_BY_ONE, async () => {
    for (let index = 0; index < ONE_BY_ONE; index++) {
      await postMessages(context, messageSigner, "events", [BODY]);
    }
  });
}

async function postBatches(root: TemporaryRoot): Promise<BenchRow[]> {
  const home = root.join("batches");
  await Deno.mkdir(home);
  const { context, messageSigner } = postFixture(home);
  const bodies = Array.from({ length: BATCH }, () => BODY);
  await postMessages(context, messageSigner, "events", [BODY]);
  return await costOf("post_batches_of_1000", BATCH * BATCHES, async () => {
    for (let index = 0; index < BATCHES; index++) {
      await postMessages(context, messageSigner, "events", bodies);
    }
  });
}

/** Each writer is a process of its own, as each user of a machine is. */
async function postSideBySide(root: TemporaryRoot): Promise<BenchRow> {
  const home = root.join("eight");
  await Deno.mkdir(home);
  const script = new URL("./poolq_writer.ts", import.meta.url).pathname;
  await using started = new AsyncDisposableStack();
  const writers = Array.from({ length: WRITERS }, (_, index) => {
    const args = ["run", "-A", "--no-check", script, home, `topic-${index}`, String(EACH_WRITER)];
    return started.use(TestProcess.start(Deno.execPath(), args));
  });
  for (const writer of writers) await writer.waitForLine(/^ready$/, DEADLINE_MS);
  const elapsedMs = await time(async () => {
    for (const writer of writers) writer.write("go\n");
    for (const writer of writers) await writer.waitForLine(/^done /, DEADLINE_MS);
  });
  return rate("post_8_writers", "vigo", WRITERS * EACH_WRITER, elapsedMs);
}

async function readAndVerify(): Promise<BenchRow[]> {
  const { signer } = generateEd25519();
  const lines = signedLog(signer, READ_MESSAGES, {}, { body: BODY })
    .map((message) => new TextEncoder().encode(messageLine(message)));
  const id = topicId(signer.publicKey.toHex(), "build-tasks");
  const reader = new ChainReader({
    topicId: id,
    authors: new PuddleChain([]),
    from: 1,
    firstSeq: 1,
  });
  let proven = 0;
  const rows = await costOf("read_and_verify", READ_MESSAGES, () => {
    for (const line of lines) proven += reader.take(line).length;
    proven += reader.end(READ_MESSAGES).length;
  });
  if (proven !== READ_MESSAGES) throw new Error(`${proven} of ${READ_MESSAGES} were proven`);
  const [{ value: perSecond } = { value: 0 }] = rows;
  const sizeBytes = lines.reduce((sum, { length }) => sum + length, 0);
  const value = perSecond * sizeBytes / READ_MESSAGES / 1e6;
  return [...rows, {
    case: "read_and_verify",
    subject: "vigo",
    metric: "bytes",
    value,
    unit: "MB/s",
  }];
}

/** Of Redis the processor time of the server alone is told. */
async function measureRedis(root: TemporaryRoot): Promise<BenchRow[]> {
  const folder = join(root.path, "redis");
  await Deno.mkdir(folder);
  await using redis = await DurableRedis.start(folder);
  using client = await redis.connect();
  const beforeOne = await redis.cpuMs();
  const oneMs = await time(async () => {
    for (let index = 0; index < ONE_BY_ONE; index++) await client.add("events", BODY, 1);
  });
  const beforeBatch = await redis.cpuMs();
  const batchMs = await time(async () => {
    for (let index = 0; index < BATCHES; index++) await client.add("events", BODY, BATCH);
  });
  const afterBatch = await redis.cpuMs();
  const clients = await Promise.all(Array.from({ length: WRITERS }, () => redis.connect()));
  const eightMs = await time(async () => {
    await Promise.all(clients.map(async (one, index) => {
      for (let count = 0; count < EACH_WRITER; count++) await one.add(`topic-${index}`, BODY, 1);
    }));
  });
  for (const one of clients) one[Symbol.dispose]();
  return [
    rate("post_one_by_one", "redis", ONE_BY_ONE, oneMs),
    cpuRow("post_one_by_one", "redis", (beforeBatch - beforeOne) / ONE_BY_ONE),
    rate("post_batches_of_1000", "redis", BATCH * BATCHES, batchMs),
    cpuRow("post_batches_of_1000", "redis", (afterBatch - beforeBatch) / BATCH / BATCHES),
    rate("post_8_writers", "redis", WRITERS * EACH_WRITER, eightMs),
  ];
}
