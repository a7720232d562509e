import { counted } from "../../shared/terminal/counted.ts";
import { envoyPush, envoyPushShow, type PushedHost } from "../../shared/rest/envoys.ts";
import { asArgument } from "../../shared/terminal/argument_parser.ts";
import { parseDuration } from "../../shared/terminal/duration.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import type { Style } from "../../shared/terminal/style.ts";
import { renderTable } from "../../shared/terminal/table.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import type { CliContext } from "../context.ts";
import { statusCell } from "../output/status_word.ts";
import { queryFor } from "./query.ts";
import { serverCommand } from "./server_command.ts";

/** How often it is asked how far the envoys are, in ms. */
const POLL_MS = 500;

/** `vigocli envoys push`: a verdict for every envoy, as soon as each has applied its policy. */
export function pushCommand(context: CliContext) {
  const command = serverCommand("push")
    .description("Make envoys check in and apply now, and say what came of it on each")
    .requiredOption("--target <spec>", "which envoys")
    .option("--force", "send the whole policy again, changed or not", false)
    .option("--no-wait", "do not wait for them to apply it")
    .option("--timeout <duration>", "how long to wait", asArgument(parseDuration), 120_000)
    .action(async ({ target, force, wait, timeout, json, ...flags }) => {
      using client = await context.connect(flags);
      const answer = await client.call(envoyPush, { body: { target, force } });
      const { id, pushed, offline } = answer;
      if (pushed.length + offline.length === 0) {
        if (json) context.output.json({ ...answer, hosts: [] });
        throw new UserError(
          `No envoy matches "${sanitize(target)}"; nothing was pushed. What it asks for: ${
            queryFor(target)
          }`,
        );
      }
      const ask = async () => {
        const hosts: PushedHost[] = [];
        let cursor: string | null = null;
        do {
          const query: { cursor?: string } = cursor === null ? {} : { cursor };
          const page = await client.call(envoyPushShow, { params: { id }, query });
          hosts.push(...page.hosts);
          cursor = page.nextCursor;
        } while (cursor !== null);
        return hosts;
      };
      let hosts = await ask();
      const deadlineMs = context.now() + timeout;
      while (wait && hosts.some(isUnderWay) && context.now() < deadlineMs) {
        const done = hosts.filter((host) => !isUnderWay(host)).length;
        context.output.progress(`${done} of ${hosts.length} done…`);
        await context.pause(POLL_MS);
        if (context.signal.aborted) break;
        hosts = await ask();
      }
      context.output.endProgress(false);
      if (json) context.output.json({ ...answer, hosts });
      else if (wait) context.output.line(renderHosts(hosts, context.output.style));
      else {
        context.output.line(
          `Pushed to ${counted(pushed.length, "envoy")} matching "${sanitize(target)}"`,
        );
      }
      if (!json && offline.length > 0) {
        context.output.note(
          `Not connected, will catch up at their next check-in: ${
            offline.map(sanitize).join(", ")
          }`,
        );
      }
      context.signal.throwIfAborted();
      const unmade = hosts.filter(({ state }) => state === "unresolved").length;
      const bad = hosts.filter(isBad).length;
      const late = hosts.filter(isUnderWay).length;
      if (unmade > 0) {
        throw new UserError(
          `The live policy cannot be made for ${counted(unmade, "envoy")}, which ${
            unmade === 1 ? "keeps what it has" : "keep what they have"
          }; see "vigocli config status"`,
        );
      }
      if (bad > 0) {
        throw new UserError(
          `The policy is not in force on ${counted(bad, "envoy")}; see "vigocli runs"`,
        );
      }
      if (wait && late > 0) {
        throw new UserError(`${counted(late, "envoy")} did not say in time what came of it`);
      }
    });
  return withExamples(command, [
    ["vigocli envoys push --target 'web-*'", "apply a fresh publish at once, and see it done"],
    ["vigocli envoys push --target '*' --no-wait", "the same without waiting"],
  ]);
}

function isUnderWay({ state }: PushedHost): boolean {
  return state === "sent" || state === "checked_in";
}

/** Whether it has applied its policy, and not all of it could be. */
function isBad({ convergence }: PushedHost): boolean {
  return convergence === "Failed" || convergence === "Degraded";
}

function renderHosts(hosts: readonly PushedHost[], style: Style): string {
  return renderTable(
    [{ header: "HOSTNAME" }, { header: "VERDICT" }],
    hosts.map((
      host,
    ) => [host.hostname, statusCell(host.convergence ?? host.state, style, verdictOf(host))]),
  ).trimEnd();
}

function verdictOf({ state, convergence, reason }: PushedHost): string {
  switch (state) {
    case "sent":
      return "no answer yet";
    case "checked_in":
      return "still applying";
    case "done":
      return convergence ?? "done";
    case "idle":
      return `nothing applied: ${reason ?? "it has no policy"}`;
    case "unresolved":
      return `Unresolved: ${reason ?? "its policy cannot be made"}`;
    case "offline":
      return "offline";
  }
}
