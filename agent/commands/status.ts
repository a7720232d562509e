import { Command } from "@commander-js/extra-typings";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { formatDuration } from "../../shared/terminal/duration.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { formatRelativeTime } from "../../shared/terminal/relative_time.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { callDaemon, DaemonUnreachableError } from "../local/local_client.ts";
import { type AgentStatus, statusSchema } from "../cycle/status.ts";
import { agentPaths } from "../store/agent_paths.ts";
import { readEnrolment } from "../store/identity.ts";
import { describePause } from "../store/pause.ts";
import type { AgentContext } from "./context.ts";
import { explain } from "./explain.ts";

/** `vigo status`: what the daemon does and how it is. */
export function statusCommand(context: AgentContext, roots: () => RootPaths) {
  const command = new Command("status")
    .description("Show what the daemon does: last check-in, last run, what waits")
    .option("--json", "print JSON")
    .action(async ({ json }) => {
      const status = await explain(askStatus(roots(), context.signal));
      context.write(
        json ? jsonText(status) : renderStatus(status, context.now()),
      );
    });
  return withExamples(command, [
    ["vigo status", "how this machine is, for any user"],
    ["vigo status --json", "the same for a program"],
  ]);
}

/** What the daemon says of itself; any user may ask. */
export async function askStatus(roots: RootPaths, signal: AbortSignal): Promise<AgentStatus> {
  const { agentSocket, configFolder } = agentPaths(roots);
  let text = "";
  try {
    await callDaemon(agentSocket, { method: "GET", path: "/status", signal }, (line) => {
      text += line;
    });
  } catch (error) {
    if (!(error instanceof DaemonUnreachableError)) throw error;
    const enrolment = await readEnrolment(configFolder);
    const who = enrolment
      ? `enrolled as ${enrolment.hostname} (${enrolment.envoyUuid})`
      : "not enrolled";
    throw new UserError(
      `Cannot ask the daemon at ${agentSocket}: ${error.message}. This machine is ${who}`,
      { exitCode: EXIT_CODE.unreachable, cause: error },
    );
  }
  return statusSchema.parse(JSON.parse(text));
}

/** The swarm engine as the daemon sees it. Another program on its port is what keeps an engine from starting, mostly another agent of this machine. */
export function describeSwarm({ state, address, problem }: AgentStatus["swarm"]): string {
  if (problem !== "") {
    const remedy = /in use|EADDR/i.test(problem)
      ? ". Set swarm.listen_address or swarm.port in /etc/vigo-envoy/config and restart the daemon"
      : "";
    return `${state}: ${problem}${remedy}`;
  }
  return address === "" ? state : `${state} at ${address}`;
}

/** The status as lines of a name and a value. */
export function renderStatus(status: AgentStatus, nowMs: number): string {
  const { lastRun, swarm } = status;
  const policy = status.policyVersion === null
    ? "none yet"
    : `${
      status.policyVersion.slice(0, 12)
    } (serial ${status.bundleSerial}, ${status.resources} resources)`;
  const checkIn = `${formatRelativeTime(status.lastAnsweredAtMs, nowMs)}, every ${
    formatDuration(status.intervalMs)
  }`;
  const lines: (readonly [string, string])[] = [
    ["Envoy", `${status.hostname} (${status.envoyUuid})`],
    [
      "Daemon",
      `vigo ${status.version}, pid ${status.pid}, ${status.activity}, up ${
        formatDuration(nowMs - status.startedAtMs)
      }`,
    ],
    ["Server", `${status.server}${status.streamOpen ? ", stream open" : ""}`],
    ["Check-in", checkIn],
    ["Policy", policy],
    [
      "Last run",
      lastRun === null
        ? status.notApplied ?? "none yet"
        : `${
          formatRelativeTime(lastRun.finishedAtMs, nowMs)
        }: ${lastRun.inSync} in sync, ${lastRun.changed} changed, ${lastRun.failed} failed (${
          formatDuration(lastRun.durationMs)
        })`,
    ],
    ["Certificate", `valid for ${formatDuration(status.certificateNotAfterMs - nowMs)}`],
    ["Swarm", describeSwarm(swarm)],
  ];
  if (status.pause !== null) lines.push(["Paused", describePause(status.pause, nowMs)]);
  if (status.failures > 0) {
    lines.push(["Problem", `${status.failures} check-ins failed: ${status.lastFailure}`]);
  }
  if (lastRun !== null && status.notApplied !== null && status.pause === null) {
    lines.push(["Not applied", status.notApplied]);
  }
  if (status.queuedReports > 0) lines.push(["Waiting", `${status.queuedReports} run reports`]);
  if (status.droppedReports > 0) lines.push(["Dropped", `${status.droppedReports} run reports`]);
  if (status.clockOffsetMs !== 0) {
    const direction = status.clockOffsetMs > 0 ? "behind" : "ahead of";
    lines.push([
      "Clock",
      `${formatDuration(Math.abs(status.clockOffsetMs))} ${direction} the server`,
    ]);
  }
  if (status.suspectedClone) lines.push(["Warning", "two machines seem to use this identity"]);
  return lines.map(([name, value]) => `${`${name}:`.padEnd(13)}${sanitize(value)}\n`).join("");
}
