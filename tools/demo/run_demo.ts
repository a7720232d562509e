import { createHash } from "node:crypto";
import { join } from "node:path";
import { configPublish } from "../../shared/rest/config.ts";
import { envoyList } from "../../shared/rest/envoys.ts";
import { runList, runShow } from "../../shared/rest/runs.ts";
import { filecastShow } from "../../shared/rest/swarm.ts";
import { taskRun } from "../../shared/rest/tasks.ts";
import { formatDuration } from "../../shared/terminal/duration.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { eventually } from "../../tests/support/eventually.ts";
import { TemporaryRoot } from "../../tests/support/temporary_root.ts";
import { QueueUser, userCrate } from "../../tests/support/queue_user.ts";
import { type FleetHost, TestFleet } from "../../tests/support/test_fleet.ts";
import { createStage, type Show } from "./stage.ts";

export interface DemoOptions {
  /** Leave the fleet running until the signal fires. */
  readonly keep: boolean;
  readonly signal: AbortSignal;
}

const HOSTNAMES = ["hub", "web-1", "web-2", "db-1", "edge-1"] as const;
const CAST_BYTES = 64 * 1024 * 1024;
/** A file of the published example that every host of the demo has. */
const MOTD = "etc/motd";

/**
 * Plays the demo to its end.
 *
 * @throws {UserError} if a step does not come out as shown; the last lines of every process are printed before.
 */
export async function runDemo({ keep, signal }: DemoOptions): Promise<void> {
  const startedMs = performance.now();
  await using folder = await TemporaryRoot.create("vigo-demo-");
  const stage = createStage({
    acts: 9,
    isTerminal: Deno.stdout.isTerminal(),
    env: Deno.env.toObject(),
    write: (text) => void Deno.stdout.writeSync(new TextEncoder().encode(text)),
  });
  const fleet = await TestFleet.layOut(folder.path, HOSTNAMES, {
    sections: {
      swarm: { enabled: ["*"], payload: { enabled: ["*"] }, poolq: { enabled: ["*"] } },
    },
  });
  const mara = new QueueUser("mara");
  const interrupted = new Promise<never>((_, fail) =>
    signal.addEventListener("abort", () => fail(signal.reason), { once: true })
  );
  // Awaited in the race below; without a race the rejection still has somebody.
  interrupted.catch(() => {});
  const play = async () => {
    await stage.act(
      "Server",
      "vigosrv makes its CA, keys and database, and tests its listeners",
      async (show) => {
        await fleet.startServer();
        show(`REST ${fleet.restUrl}, state below ${fleet.hub.root}/srv/vigo`);
      },
    );
    await stage.act(
      "Enrolment",
      "five machines enrol with one-time tokens",
      async (show) => {
        for (const host of fleet.hosts) await mara.settle(host);
        await enrol(fleet, show);
      },
    );
    await stage.act(
      "Policy",
      "the example stacks are published; every envoy applies its share",
      (show) => publish(fleet, mara, show),
    );
    await stage.act(
      "Drift",
      "somebody edits a managed file by hand on web-1",
      (show) => drift(fleet, show),
    );
    await stage.act(
      "Tasks",
      "one command on chosen machines, in two batches; each ends with a verdict",
      async (show) => {
        const args = ["--target", "web-*,db-*", "--batch-size", "1,2"];
        show((await fleet.cli("task", "run", "uname -srm", ...args, "--dry-run")).trim());
        show((await fleet.cli("task", "run", "uname -srm", ...args)).trim());
      },
    );
    await stage.act(
      "Swarm",
      "a 64 MiB file is cast to the whole fleet, peer to peer",
      (show) => cast(fleet, folder.path, show),
    );
    await stage.act(
      "Queues",
      "what mara posts on web-1, signed with her key, is read on db-1",
      (show) => queue(fleet, mara, show),
    );
    await stage.act(
      "Without a server",
      "the server stops, and web-2 drifts",
      (show) => offline(fleet, show),
    );
    await stage.act("Record", "what was done stands in a hash chain", async (show) => {
      await fleet.startServer();
      await everybodyBack(fleet);
      show((await fleet.cli("audit", "verify")).trim());
      show((await fleet.cli("audit", "list", "--limit", "5")).trimEnd());
    });
    stage.say(summary(fleet, keep, performance.now() - startedMs));
    if (keep) await interrupted;
  };
  try {
    await Promise.race([play(), interrupted]);
  } catch (cause) {
    if (signal.aborted) {
      if (!keep) throw new UserError("Interrupted; everything is cleaned up", { exitCode: 130 });
      return;
    }
    stage.say(fleet.logs());
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new UserError(`The demo failed: ${message}`, { cause });
  } finally {
    await fleet.stop();
  }
}

async function enrol(fleet: TestFleet, show: Show): Promise<void> {
  const { hub } = fleet;
  for (const host of fleet.hosts) await fleet.enrol(host);
  await Promise.all(fleet.hosts.map((host) => fleet.startAgent(host)));
  await eventually(
    "all envoys are online",
    async () => {
      const { envoys } = await fleet.ask(envoyList, "envoys");
      return envoys.filter(({ presence }) => presence === "online").length === fleet.hosts.length;
    },
  );
  show((await fleet.cli("envoys")).trimEnd());
  show(
    `${hub.hostname} is the server's own machine: an envoy like any other, and the origin of filecasts`,
  );
}

async function publish(fleet: TestFleet, mara: QueueUser, show: Show): Promise<void> {
  const stacks = join(fleet.hub.root, "srv/vigo/stacks");
  await copyTree(new URL("../../examples/small-fleet", import.meta.url).pathname, stacks);
  // Every envoy of the demo runs on this one machine, so each writes below a folder of its own.
  const demoRoot = `${join(fleet.hub.root, "..")}/{{ traits.agent_self.hostname }}/managed`;
  const common = join(stacks, "common.vgo");
  const text = await Deno.readTextFile(common);
  await Deno.writeTextFile(
    common,
    `${
      text.replace(/demo_root: .*/, `demo_root: ${JSON.stringify(demoRoot)}`)
    }usercrates: [${mara.name}]\n`,
  );
  await fleet.stage({
    [`usercrates/${mara.name}.vgo`]: userCrate(mara.name, { poolq: true }),
  });
  const answer = await fleet.ask(configPublish, "config", "publish", "-m", "demo");
  show(
    `published ${
      answer.version?.slice(0, 12)
    }: ${answer.changes.length} different changes, each on a group of hosts`,
  );
  await fleet.cli("envoys", "push", "--target", "*");
  await Promise.all(
    fleet.hosts.map((host) =>
      eventually(
        `${host.hostname} has applied its policy`,
        () => Deno.stat(managed(host, MOTD)),
      )
    ),
  );
  await eventually("all runs are reported", async () => {
    const { runs } = await fleet.ask(runList, "runs");
    return new Set(runs.map(({ hostname }) => hostname)).size === fleet.hosts.length;
  });
  show((await fleet.cli("runs")).trimEnd());
}

async function drift(fleet: TestFleet, show: Show): Promise<void> {
  const host = fleet.host("web-1");
  await heal(host, show);
  const shown = await eventually("the correction is reported", async () => {
    const { runs } = await fleet.ask(runList, "runs", "--host", host.hostname);
    for (const { runId } of runs) {
      const run = await fleet.ask(runShow, "runs", "show", runId);
      const change = run.report.resources.find(({ diff }) => diff?.includes("by hand"));
      if (change?.diff !== undefined) return change.diff;
    }
    return undefined;
  });
  show(shown.trimEnd());
}

async function cast(fleet: TestFleet, folder: string, show: Show): Promise<void> {
  const path = join(folder, "release.bin");
  const digest = await writeRandomFile(path, CAST_BYTES);
  const startedMs = performance.now();
  await fleet.cli("swarm", "filecast", "distribute", path, "--target", "*", "--wait");
  const tookMs = performance.now() - startedMs;
  show((await fleet.cli("swarm", "filecast", "status", digest)).trimEnd());
  const { hosts } = await fleet.ask(filecastShow, "swarm", "filecast", "status", digest);
  const origin = fleet.hub.hostname;
  const helped = hosts.filter((host) =>
    !host.origin &&
    Object.keys(host.sources).some((source) =>
      source !== origin && source !== "cached" && source !== "server"
    )
  );
  if (helped.length < 2) {
    throw new Error(
      `only ${helped.length} receiver(s) got chunks from a peer other than the origin`,
    );
  }
  for (const host of fleet.hosts) {
    const copy = join(host.root, "var/lib/vigo/swarm/files/release.bin");
    if (await hashFile(copy) !== digest) throw new Error(`${copy} differs from what was cast`);
  }
  show(
    `every copy has the SHA-256 of the original; ${helped.length} of ${
      fleet.hosts.length - 1
    } receivers got chunks from each other; ${formatDuration(tookMs)} from upload to last byte`,
  );
}

/** The daemons do what they do for `vigo swarm poolq post`; each reader proves the signatures. */
async function queue(fleet: TestFleet, mara: QueueUser, show: Show): Promise<void> {
  const [from, to] = [fleet.host("web-1"), fleet.host("db-1")];
  const startedMs = performance.now();
  await mara.post(from, "build-tasks", '{"task":"deploy"}');
  await eventually(
    "db-1 has the message",
    async () => (await mara.read(to, "build-tasks", 1, 25))?.messages.length,
  );
  const tookMs = performance.now() - startedMs;
  show((await mara.verb(fleet, to, "poolq", "tail", mara.topicId("build-tasks"))).trimEnd());
  show(
    `from a home on web-1 to a reader on db-1 in ${
      formatDuration(Math.ceil(tookMs / 1_000) * 1_000)
    } or less`,
  );
}

async function offline(fleet: TestFleet, show: Show): Promise<void> {
  await fleet.stopServer();
  await heal(fleet.host("web-2"), show);
  show("its report waits in the agent's own database until the server is back");
}

/** Waits until the server can reach every agent again. */
async function everybodyBack(fleet: TestFleet): Promise<void> {
  await eventually("every agent is back", async () => {
    const { plan } = await fleet.ask(taskRun, "task", "run", "true", "--target", "*", "--dry-run");
    return plan.offline.length === 0;
  });
}

/** Spoils a managed file and waits until its envoy has put it right. */
async function heal(host: FleetHost, show: Show): Promise<void> {
  const path = managed(host, MOTD);
  const wanted = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, "changed by hand\n");
  const startedMs = performance.now();
  await eventually(
    `${host.hostname} heals ${path}`,
    async () => await Deno.readTextFile(path) === wanted,
  );
  show(`${host.hostname} put ${MOTD} right after ${formatDuration(performance.now() - startedMs)}`);
}

function managed(host: FleetHost, path: string): string {
  return join(host.root, "managed", path);
}

function summary(fleet: TestFleet, keep: boolean, tookMs: number): string {
  const where = [
    "",
    `All of it took ${formatDuration(tookMs)}: real processes, real certificates, real files.`,
    "",
    keep ? "It answers at:" : "While it runs, which --keep is for, it answers at:",
    `Web interface ${fleet.restUrl}/`,
    `Health        ${fleet.restUrl}/healthz`,
    `API document  ${fleet.restUrl}/api/v1/openapi.json`,
    `CA            ${fleet.caFile}`,
  ];
  if (!keep) {
    return [
      ...where,
      "",
      "This fleet is being removed now. To try it: deno task demo --keep, which ends with the",
      "addresses of a running fleet and commands such as: vigocli envoys, vigo swarm seeds list",
      "What to read next: README.md, docs/stacks.md, docs/web.md",
    ].join("\n");
  }
  const at = `--root ${fleet.hub.root} --server ${fleet.restUrl}`;
  return [
    ...where,
    "",
    "Try, from this repository, in another terminal:",
    `  deno task vigocli users add me --role admin ${at}    # then log in to the web interface`,
    `  deno task vigocli envoys ${at}`,
    `  deno task vigocli task run 'uptime' --target 'web-*' ${at}`,
    `  deno task vigo swarm seeds list --root ${fleet.host("web-1").root}`,
    `  edit ${fleet.hub.root}/srv/vigo/stacks/ and: deno task vigocli config publish ${at}`,
    "",
    "Ctrl-C ends the fleet and removes it.",
  ].join("\n");
}

async function copyTree(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    if (entry.isDirectory) await copyTree(join(from, entry.name), join(to, entry.name));
    else if (entry.isFile) await Deno.copyFile(join(from, entry.name), join(to, entry.name));
  }
}

async function writeRandomFile(path: string, sizeBytes: number): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path, { write: true, create: true });
  // The size of one chunk of the swarm is also a convenient piece to write.
  const piece = new Uint8Array(1024 * 1024);
  for (let left = sizeBytes; left > 0; left -= piece.length) {
    for (let at = 0; at < piece.length; at += 65_536) {
      crypto.getRandomValues(piece.subarray(at, at + 65_536));
    }
    hash.update(piece);
    await file.write(piece);
  }
  return hash.digest("hex");
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path, { read: true });
  for await (const piece of file.readable) hash.update(piece);
  return hash.digest("hex");
}
