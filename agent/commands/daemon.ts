import { Command, Option } from "@commander-js/extra-typings";
import { VERSION } from "../../shared/config/version.ts";
import { configureLogging } from "../../shared/platform/logging.ts";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { agentPaths } from "../store/agent_paths.ts";
import { readAgentConfig } from "../store/read_agent_config.ts";
import { readEnrolment } from "../store/identity.ts";
import type { AgentContext } from "./context.ts";
import { explain } from "./explain.ts";
import { readMinFreePercent } from "./min_free_percent.ts";

/** Half a second less than what an init system is promised. */
const STOP_DEADLINE_MS = 4_500;

/** `vigo daemon`: keeps this machine as its fleet wants it. */
export function daemonCommand(context: AgentContext, roots: () => RootPaths) {
  const command = new Command("daemon")
    .description("Check in with the server, apply its policy and take part in the swarm")
    .option("--set-clock", "set this machine's clock when it is too wrong to reach the server")
    .addOption(
      new Option("--log-level <level>", "how much to log").choices(
        ["debug", "info", "warning", "error"] as const,
      ),
    )
    .action((flags) => explain(run(context, roots(), flags)));
  return withExamples(command, [
    ["vigo daemon", "as the service does"],
    ["vigo daemon --root /tmp/envoy --log-level debug", "try it without root, below one folder"],
  ]);
}

async function run(
  context: AgentContext,
  roots: RootPaths,
  flags: {
    setClock?: true | undefined;
    logLevel?: "debug" | "info" | "warning" | "error" | undefined;
  },
): Promise<void> {
  const paths = agentPaths(roots);
  const level = flags.logLevel ?? await configuredLevel(paths);
  const log = await configureLogging("vigo", level);
  const { runDaemon } = await import("../daemon/daemon.ts");
  const { systemClock } = await import("../runtime/clock.ts");
  const { setSystemClock } = await import("../runtime/set_system_clock.ts");
  const { startEngine } = await import("../swarm/start_engine.ts");
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) return;
    stop.abort();
    const timer = setTimeout(() => {
      log.error("the daemon did not stop in time and ends now", { deadlineMs: STOP_DEADLINE_MS });
      Deno.exit(EXIT_CODE.failed);
    }, STOP_DEADLINE_MS);
    Deno.unrefTimer(timer);
  };
  context.signal.addEventListener("abort", onSignal);
  Deno.addSignalListener("SIGTERM", onSignal);
  await runDaemon({
    roots,
    agentVersion: VERSION,
    clock: systemClock,
    log,
    startEngine,
    minFreePercent: readMinFreePercent(context.env),
    ...(flags.setClock ? { setClock: setSystemClock } : {}),
    signal: stop.signal,
  });
}

async function configuredLevel(paths: ReturnType<typeof agentPaths>) {
  // Without an enrolment there may be no configuration; that is for the daemon to say.
  if (!await readEnrolment(paths.configFolder)) return "info";
  return (await readAgentConfig(paths.config)).log.level;
}
