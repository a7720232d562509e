import { Command } from "@commander-js/extra-typings";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { BlobState, Mirror, SwarmState } from "../swarm/mirror.ts";
import { agentPaths } from "../store/agent_paths.ts";
import type { AgentContext } from "./context.ts";
import { applyCleanupCommand } from "./apply_cleanup.ts";
import { examineWorkersCommand } from "./examine_workers.ts";
import { explain } from "./explain.ts";
import { poolqCommand } from "./poolq.ts";
import { puddleCommand } from "./puddle.ts";
import { renderPeers, renderSeed, renderSeeds, renderSwarmStatus } from "./render_swarm.ts";
import { askStatus, describeSwarm } from "./status.ts";
import { swarmDoctorCommand } from "./swarm_doctor.ts";

const FOUND_BY = `How the address of a peer became known first ("Found by"):
  multicast   it announced itself on this LAN
  exchange    another peer passed it on
  server      the server named it at a check-in
  inbound     it called this machine
  remembered  it was a peer before the swarm here was started`;

/** `vigo swarm …`: what the swarm engine of this machine does, from its mirror files; no rights are needed. */
export function swarmCommand(context: AgentContext, roots: () => RootPaths) {
  const folder = () => agentPaths(roots()).swarmFolder;
  const print = (json: boolean | undefined, value: unknown, text: () => string) =>
    context.write(json ? jsonText(value) : text());

  const command = new Command("swarm").description("Look at this machine's part in the swarm");
  const status = command.command("status")
    .description("Show gates, manifest, peers and discovery")
    .option("--json", "print JSON")
    .action(async ({ json }) => {
      const engine = await askEngine(roots(), context.signal);
      const mirror = await readMirror(folder());
      // While the gates were never open there is no state file, and the daemon knows why.
      const isUnneeded = !mirror.ok && mirror.isAbsent === true && engine.isAnswered;
      const state = isUnneeded ? undefined : unwrap(mirror);
      const shown = { engine: engine.text, ...state };
      print(json, shown, () => renderSwarmStatus(engine.text, state, context.now()));
    });

  const seeds = command.command("seeds").description("Blobs that this machine seeds or fetches");
  const list = seeds.command("list")
    .description("List the blobs of this machine")
    .option("--json", "print JSON")
    .action(async ({ json }) => {
      const { blobs, problems } = unwrap(await readMirror(folder()));
      print(json, { blobs, problems }, () => renderSeeds(blobs, problems, context));
    });
  const show = seeds.command("show")
    .description("Show one blob: by its label, or the first digits of its SHA-256")
    .argument("<key>", "label or SHA-256 prefix")
    .option("--json", "print JSON")
    .action(async (key, { json }) => {
      const blob = findBlob(unwrap(await readMirror(folder())), key);
      print(json, blob, () => renderSeed(blob, context.now()));
    });

  const others = command.command("peers").description("Other machines of the swarm");
  const peers = others.command("list")
    .description("List the peers that proved who they are")
    .option("--json", "print JSON")
    .action(async ({ json }) => {
      const { readPeers } = await import("../swarm/mirror.ts");
      const { peers } = unwrap(await explain(readPeers(folder())));
      print(json, peers, () => renderPeers(peers, context));
    });
  peers.addHelpText("after", `\n${FOUND_BY}`);
  command.addCommand(swarmDoctorCommand(context, roots));
  command.addCommand(poolqCommand(context, roots));
  command.addCommand(puddleCommand(context, roots));
  command.addCommand(examineWorkersCommand(context, roots), { hidden: true });
  command.addCommand(applyCleanupCommand(context, roots), { hidden: true });
  withExamples(status, [["vigo swarm status", "whether this machine takes part, and with whom"]]);
  withExamples(list, [["vigo swarm seeds list", "what the swarm brought here"]]);
  withExamples(show, [["vigo swarm seeds show app-v2.tar.gz", "who has it, and who sent it"]]);
  withExamples(peers, [["vigo swarm peers list", "who was found, where and how"]]);
  withExamples(seeds, [["vigo swarm seeds list", "what the swarm brought here"]]);
  withExamples(others, [["vigo swarm peers list", "who was found, where and how"]]);
  return withExamples(command, [
    ["vigo swarm status", "whether this machine takes part, and with whom"],
    ["vigo swarm seeds list", "what the swarm brought here"],
    ["vigo swarm doctor web-2", "why this machine and web-2 do not find each other"],
  ]);
}

/** The engine as the daemon sees it, or why nobody can tell; a daemon that cannot be asked is no error here. */
async function askEngine(
  roots: RootPaths,
  signal: AbortSignal,
): Promise<{ readonly isAnswered: boolean; readonly text: string }> {
  try {
    return { isAnswered: true, text: describeSwarm((await askStatus(roots, signal)).swarm) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { isAnswered: false, text: "unknown: the daemon does not answer. Is vigo running?" };
  }
}

function readMirror(folder: string): Promise<Mirror<SwarmState>> {
  return explain(import("../swarm/mirror.ts").then(({ readSwarmState }) => readSwarmState(folder)));
}

function unwrap<T>(mirror: Mirror<T>): T {
  if (mirror.ok) return mirror.value;
  throw new UserError(`Cannot look at the swarm: ${mirror.reason}`);
}

/**
 * The blob that a label or a prefix of its SHA-256 means; a label wins.
 *
 * @throws {UserError} if there is none, or several begin so, or the label is that of a seed that cannot be originated.
 */
function findBlob({ blobs, problems }: SwarmState, key: string): BlobState {
  const byLabel = blobs.filter(({ label }) => label === key);
  const broken = problems.find(({ label }) => label === key);
  if (byLabel.length === 0 && broken) {
    throw new UserError(`Cannot seed "${key}": ${broken.reason}`);
  }
  const found = byLabel.length > 0
    ? byLabel
    : blobs.filter(({ sha256 }) => /^[0-9a-f]+$/.test(key) && sha256.startsWith(key));
  const [blob, second] = found;
  if (!blob) {
    throw new UserError(
      `Cannot find blob "${key}" on this machine: no label is that and no SHA-256 begins so. See "vigo swarm seeds list"`,
    );
  }
  if (second) {
    throw new UserError(
      `Cannot tell which blob "${key}" means: ${
        found.slice(0, 4).map(({ sha256 }) => sha256.slice(0, 16)).join(", ")
      }. Write more digits of its SHA-256`,
      { exitCode: EXIT_CODE.usage },
    );
  }
  return blob;
}
