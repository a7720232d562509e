import { Command } from "@commander-js/extra-typings";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { CommandExit } from "../../shared/terminal/command_exit.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { callDaemon, DaemonUnreachableError } from "../local/local_client.ts";
import type { AgentStatus } from "../cycle/status.ts";
import { agentPaths } from "../store/agent_paths.ts";
import type { Diagnosis } from "../swarm/diagnosis.ts";
import { type Finding, problem } from "../swarm/doctor/finding.ts";
import type { Trial } from "../swarm/doctor/judge_peer.ts";
import type { AgentContext } from "./context.ts";
import { explain } from "./explain.ts";
import { askStatus, describeSwarm } from "./status.ts";

/** A connection that is not there by then does not come. */
const TRIAL_TIMEOUT_MS = 6_000;
const LEVEL_WIDTH = 9;

/** `vigo swarm doctor [PEER]`: what is in the way between this machine and its peers. */
export function swarmDoctorCommand(context: AgentContext, roots: () => RootPaths) {
  const command = new Command("doctor")
    .description("Say what is in the way between this machine and its peers, or one of them")
    .argument("[peer]", "hostname, UUID or address of a peer, to try the way to it and back")
    .option("--json", "print JSON")
    .action(async (peer, { json }) => {
      const { findings, diagnosis } = await explain(examine(context, roots(), peer));
      const isClear = findings.every(({ level }) => level !== "problem");
      context.write(json ? jsonText({ ok: isClear, findings, diagnosis }) : render(findings));
      if (!isClear) throw new CommandExit(EXIT_CODE.failed);
    });
  command.addHelpText(
    "after",
    `
One line a finding: ok, a note, or a problem with what to do about it. The
status is 0 if nothing is in the way and 1 if something is. The daemon is asked
through its socket; no rights are needed. A peer is asked to call back at most
once a minute; in between its last answer is shown.`,
  );
  return withExamples(command, [
    ["vigo swarm doctor", "who is heard on which interface, and what is wrong here"],
    ["vigo swarm doctor web-2", "the way to web-2 and back, TCP and UDP"],
    ["vigo swarm doctor 192.0.2.7 --json", "the same for a program, by address"],
  ]);
}

async function examine(
  context: AgentContext,
  roots: RootPaths,
  peer: string | undefined,
): Promise<{ findings: Finding[]; diagnosis: Diagnosis | null }> {
  const status = await askIfRunning(roots, context.signal);
  if (status instanceof UserError) {
    const text = `the daemon does not answer: ${status.message}`;
    return {
      findings: [problem("daemon", text, "start it, and see its log if it does not stay")],
      diagnosis: null,
    };
  }
  const { swarm } = status;
  if (swarm.state !== "running") {
    return { findings: [judgeEngine(status)], diagnosis: null };
  }
  const diagnosis = await askDiagnosis(roots, peer, context.signal);
  if (!diagnosis) {
    const text = "the swarm engine is ending or starting, and did not answer";
    return { findings: [problem("engine", text, "ask again in a moment")], diagnosis };
  }
  const { judgeMachine } = await import("../swarm/doctor/judge_machine.ts");
  const { judgePeer } = await import("../swarm/doctor/judge_peer.ts");
  const isStranger = diagnosis.peer?.isKnown === false;
  const trial = isStranger && peer !== undefined ? await tryTcp(peer, diagnosis.port) : undefined;
  return { findings: [...judgeMachine(diagnosis), ...judgePeer(diagnosis, trial)], diagnosis };
}

async function askIfRunning(
  roots: RootPaths,
  signal: AbortSignal,
): Promise<AgentStatus | UserError> {
  try {
    return await askStatus(roots, signal);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

function judgeEngine({ swarm, failures, lastFailure }: AgentStatus): Finding {
  const text = `the swarm engine does not run: ${describeSwarm(swarm)}`;
  if (swarm.state === "off") {
    const unheard = failures > 0 ? `; the server was not heard: ${lastFailure}` : "";
    return problem(
      "gate",
      `${text}${unheard}`,
      "have swarm.enabled in server.yaml name this machine",
    );
  }
  return problem("engine", text, 'see the daemon\'s log; "vigo swarm status" shows when it runs');
}

async function askDiagnosis(
  roots: RootPaths,
  peer: string | undefined,
  signal: AbortSignal,
): Promise<Diagnosis | null> {
  const { diagnosisSchema } = await import("../swarm/diagnosis.ts");
  const query = peer === undefined ? "" : `?peer=${encodeURIComponent(peer)}`;
  let text = "";
  try {
    const path = `/swarm/diagnosis${query}`;
    await callDaemon(agentPaths(roots).agentSocket, { method: "GET", path, signal }, (line) => {
      text += line;
    });
  } catch (error) {
    if (!(error instanceof DaemonUnreachableError)) throw error;
    throw new UserError(`Cannot ask the daemon: ${error.message}`, {
      exitCode: EXIT_CODE.unreachable,
      cause: error,
    });
  }
  return diagnosisSchema.nullable().parse(JSON.parse(text));
}

/** Opens a plain connection to a name or address that the engine does not know, with the rights of whoever asks. */
async function tryTcp(peer: string, usualPort: number): Promise<Trial> {
  const [, hostname = peer, named] = /^([^:]+):(\d{1,5})$/.exec(peer) ?? [];
  const port = named === undefined ? usualPort : Number(named);
  const connecting = Deno.connect({ hostname, port });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), TRIAL_TIMEOUT_MS);
  });
  try {
    const connection = await Promise.race([connecting, late]);
    // A late success is closed too.
    connecting.then((one) => one.close(), () => {});
    return { outcome: connection ? "answered" : "silent", port };
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return { outcome: "refused", port };
    if (error instanceof Deno.errors.TimedOut) return { outcome: "silent", port };
    const isName = /lookup|resolve|Name or service|nodename/i.test(String(error));
    return { outcome: isName ? "unnamed" : "unreachable", port };
  } finally {
    clearTimeout(timer);
  }
}

function render(findings: readonly Finding[]): string {
  return findings.map(({ level, text, remedy }) => {
    const line = remedy === undefined ? text : `${text}; ${remedy}`;
    return `${level.padEnd(LEVEL_WIDTH)}${sanitize(line)}\n`;
  }).join("");
}
