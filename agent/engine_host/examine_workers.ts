import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { agentPaths } from "../store/agent_paths.ts";
import { loadIdentity } from "../store/identity.ts";
import { openAgentDatabase } from "../store/open_agent_database.ts";
import { readAgentConfig } from "../store/read_agent_config.ts";
import type { EngineEvent } from "../swarm/start_engine.ts";
import { nativeSystem } from "../traits/native_system.ts";
import type { Clock } from "../runtime/clock.ts";
import type { AgentLog } from "../runtime/agent_log.ts";
import { FileLock } from "../runtime/cycle_lock.ts";
import { EngineKeeper } from "./engine_keeper.ts";
import type { StartEngine } from "./engine_runner.ts";
import { engineStart } from "./engine_start.ts";
import { NOBODY_ANSWERS } from "../swarm/relay.ts";
import { HeldDocuments } from "../documents/held_documents.ts";
import { swarmInterfaces } from "./swarm_interfaces.ts";

/** What the swarm's two workers made of being started as the daemon starts them. */
export interface WorkersReport {
  /** Version of the runtime. */
  readonly deno: string;
  readonly engine: {
    readonly state: "running" | "failed";
    /** Why it does not run; empty when it does. */
    readonly problem: string;
    /** What its worker may do; nothing when it did not even answer. */
    readonly rights: readonly string[];
  };
  readonly hasher: {
    readonly state: "works" | "failed";
    readonly problem: string;
    readonly rights: readonly string[];
  };
}

/** What an examination is made with. */
export interface ExamineWorkersOptions {
  readonly roots: RootPaths;
  readonly clock: Clock;
  readonly log: AgentLog;
  readonly startEngine: StartEngine;
  readonly minFreePercent: number;
  /** Ends the waiting; what is known by then is reported. */
  readonly signal: AbortSignal;
}

type Examined = Extract<EngineEvent, { kind: "examined" }>;

/**
 * Starts the swarm engine by the daemon's own keeper, with what the daemon would start it with, has both workers examined
 * and ends them. For its moment the engine takes part in the swarm.
 *
 * @throws {LockHeldError} if a daemon runs under this root: its engine has the port and the folder.
 * @throws {NotEnrolledError | AgentConfigError | Error} if there is nothing to start: no enrolment, or gates that are closed.
 */
export async function examineWorkers(options: ExamineWorkersOptions): Promise<WorkersReport> {
  const { roots, clock, log, minFreePercent, signal } = options;
  const paths = agentPaths(roots);
  const identity = await loadIdentity(paths.configFolder);
  const config = await readAgentConfig(paths.config);
  await Deno.mkdir(paths.stateFolder, { recursive: true, mode: 0o755 });
  using _lock = await FileLock.take(paths.daemonLock, {
    pid: Deno.pid,
    what: "an examination of the swarm's workers",
    sinceMs: clock.nowMs(),
  });
  using scope = new DisposableStack();
  const db = await openAgentDatabase(paths.database, log, clock.nowMs());
  scope.defer(() => db.close());
  const settled = Promise.withResolvers<void>();
  let examined: Examined | undefined;
  let crash: string | undefined;
  const keeper = new EngineKeeper({
    startEngine: (start, handlers) => {
      const engine = options.startEngine(start, {
        onEvent: (event) => {
          handlers.onEvent(event);
          if (event.kind === "examined") examined = event;
          else if (event.kind === "fatal" || (examined && hasOutcome(keeper, event))) {
            settled.resolve();
          }
        },
        onCrash: (reason) => {
          handlers.onCrash(reason);
          crash = reason;
          settled.resolve();
        },
      });
      // Before the documents, with which an engine may find that it has to end.
      engine.send({ kind: "examine", requestId: 0 });
      return engine;
    },
    held: new HeldDocuments(db, identity.serverVerifier, identity.envoyUuid),
    signer: identity.signer,
    clock,
    log,
    start: () => engineStart({ identity, config, paths }, identity.tls, minFreePercent),
    interfaces: () =>
      swarmInterfaces(
        nativeSystem(roots).networkInterfaces(),
        config.swarm.listen_address,
        () => undefined,
      ),
    clockOffsetMs: () => db.fact("clockOffsetMs") ?? 0,
    random: Math.random,
    onEntries: () => {},
    onProgress: () => {},
    fetchContent: () =>
      Promise.resolve({ ok: false, reason: "this is an examination", isFinal: true }),
    answerPeer: () => Promise.resolve(NOBODY_ANSWERS),
    onFleetDocument: () => {},
  });
  signal.addEventListener("abort", () => settled.resolve(), { once: true });
  try {
    keeper.update();
    if (keeper.state === "off") {
      throw new Error(
        "Cannot examine the swarm's workers: the server has not opened the swarm for this machine. Open its gates, then check in",
      );
    }
    await settled.promise;
    return reportOf(keeper, examined, crash);
  } finally {
    await keeper.stop();
  }
}

/** An engine that cannot start, for want of its port perhaps, goes on trying and says so. */
function hasOutcome({ state }: EngineKeeper, event: EngineEvent): boolean {
  return state !== "starting" || (event.kind === "log" && event.level === "error");
}

function reportOf(
  { state, problem }: Pick<EngineKeeper, "state" | "problem">,
  examined: Examined | undefined,
  crash: string | undefined,
): WorkersReport {
  const silent = crash ?? (problem || "the engine did not answer in time");
  const hasher = examined?.hasher ?? { ok: false as const, reason: silent };
  return {
    deno: Deno.version.deno,
    engine: {
      state: state === "running" ? "running" : "failed",
      problem: state === "running" ? "" : silent,
      rights: examined?.rights ?? [],
    },
    hasher: hasher.ok
      ? { state: "works", problem: "", rights: hasher.rights }
      : { state: "failed", problem: hasher.reason, rights: [] },
  };
}
