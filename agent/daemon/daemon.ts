import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { AgentMessage, type SwarmProgress } from "../../shared/proto/agent.ts";
import { KILL_GRACE_MS } from "../../shared/tasks/task_limits.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import type { Diagnosis } from "../swarm/diagnosis.ts";
import { openQueueStore } from "../poolq_mesh/open_queue_store.ts";
import { QueueKeeper } from "../poolq_mesh/queue_keeper.ts";
import type { QueueStore } from "../poolq_mesh/queue_store.ts";
import { PuddleKeeper } from "../puddle_mesh/puddle_keeper.ts";
import { UserScans } from "../user_scan/user_scans.ts";
import { LocalProcesses } from "../system/local_processes.ts";
import { TaskKeeper } from "../tasks/task_keeper.ts";
import { assembleStatus } from "./assemble_status.ts";
import type { Clock } from "../runtime/clock.ts";
import { CertificateKeeper } from "../credentials/certificate_keeper.ts";
import { CheckInLoop } from "../cycle/check_in_loop.ts";
import { ClockDoctor } from "./clock_doctor.ts";
import type { AgentLog } from "../runtime/agent_log.ts";
import type { Cycle } from "../cycle/cycle.ts";
import { FileLock } from "../runtime/cycle_lock.ts";
import { EngineKeeper } from "../engine_host/engine_keeper.ts";
import type { StartEngine } from "../engine_host/engine_runner.ts";
import { engineStart } from "../engine_host/engine_start.ts";
import { type EnvoySession, openEnvoySession } from "../cycle/envoy_session.ts";
import { FleetDirectory } from "../server_link/fleet_directory.ts";
import { hearServer } from "./hear_server.ts";
import { readInterfaceSpeeds } from "../engine_host/interface_speeds.ts";
import { LatestOnly } from "../runtime/latest_only.ts";
import { createControlApi, createOpenApi } from "./local_api.ts";
import { LocalServer } from "../local/local_server.ts";
import { splayOf } from "../cycle/loop_plan.ts";
import { encodeEntries, readEntries } from "../engine_host/manifest_messages.ts";
import { toHeartbeat } from "../cycle/run_summary.ts";
import { ServerContent } from "../server_link/server_content.ts";
import type { AgentStatus } from "../cycle/status.ts";
import { StreamKeeper } from "../server_link/stream_keeper.ts";
import { swarmInterfaces } from "../engine_host/swarm_interfaces.ts";
import { WakeQueue } from "../cycle/wake_queue.ts";

/** What a daemon is started with. */
export interface DaemonOptions {
  readonly roots: RootPaths;
  readonly agentVersion: string;
  readonly clock: Clock;
  readonly log: AgentLog;
  readonly startEngine: StartEngine;
  /** A download is refused below this share of free space, in percent. */
  readonly minFreePercent: number;
  /** Sets the machine's clock when it is so wrong that TLS fails. */
  readonly setClock?: (timeMs: number) => Promise<void>;
  /** Ends the daemon. */
  readonly signal: AbortSignal;
}

/** Swarm progress goes to the server at most this often, in ms. */
const PROGRESS_EVERY_MS = 1_000;

/**
 * Runs the agent until `signal` aborts.
 *
 * @throws {LockHeldError} if another daemon runs under this root.
 * @throws {NotEnrolledError | AgentConfigError} if there is nothing to run.
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { clock, log, signal } = options;
  using session = await openEnvoySession(options);
  using _lock = await FileLock.take(session.paths.daemonLock, {
    pid: Deno.pid,
    what: "vigo daemon",
    sinceMs: clock.nowMs(),
  });
  const speeds = await readInterfaceSpeeds(session.system);
  using queueStore = await openQueueStore(session.paths.queueDatabase, log, clock.nowMs());
  const daemon = new Daemon(session, speeds, queueStore, options);
  await Deno.mkdir(session.paths.runFolder, { recursive: true, mode: 0o755 });
  const open = await LocalServer.listen(
    session.paths.agentSocket,
    0o666,
    createOpenApi(daemon),
  );
  const control = await LocalServer.listen(
    session.paths.controlSocket,
    0o600,
    createControlApi({ queue: daemon.queue, cleanUp: () => daemon.cleanUp() }),
  );
  log.info("vigo daemon started", {
    version: options.agentVersion,
    envoyUuid: session.identity.envoyUuid,
    hostname: session.identity.hostname,
    server: session.config.server,
  });
  try {
    await daemon.run(signal);
  } finally {
    await Promise.all([open.close(), control.close()]);
    log.info("vigo daemon stopped");
  }
}

/** The parts of a running agent, and what they have to say to each other. */
class Daemon {
  readonly queue = new WakeQueue();
  readonly #session: EnvoySession;
  readonly #options: DaemonOptions;
  readonly #cycle: Cycle;
  readonly #loop: CheckInLoop;
  readonly #engine: EngineKeeper;
  readonly #stream: StreamKeeper;
  readonly #tasks: TaskKeeper;
  readonly #progress: LatestOnly<SwarmProgress>;
  readonly #certificate: CertificateKeeper;
  readonly queues: QueueKeeper;
  readonly puddles: PuddleKeeper;
  readonly #startedAtMs: number;
  /** Ends what the daemon started, however it ends. */
  readonly #scope = new AbortController();
  #streaming: Promise<void> | undefined;

  constructor(
    session: EnvoySession,
    speedsMbps: ReadonlyMap<string, number>,
    queueStore: QueueStore,
    options: DaemonOptions,
  ) {
    const { clock, log, agentVersion } = options;
    const { identity, caller, held, gateway, config, paths, system } = session;
    const nowMs = () => clock.nowMs();
    this.#session = session;
    this.#options = options;
    this.#startedAtMs = nowMs();
    const content = new ServerContent(caller);
    this.#engine = new EngineKeeper({
      startEngine: options.startEngine,
      held,
      signer: identity.signer,
      clock,
      log,
      start: () => {
        const start = engineStart(session, this.#certificate.tls, options.minFreePercent);
        const lastCheckInMs = session.db.fact("lastAnsweredAtMs");
        return lastCheckInMs === undefined ? start : { ...start, lastCheckInMs };
      },
      interfaces: () =>
        swarmInterfaces(
          system.networkInterfaces(),
          config.swarm.listen_address,
          (name) => speedsMbps.get(name),
        ),
      clockOffsetMs: () => caller.clockOffsetMs,
      random: Math.random,
      onEntries: (entries) => this.#sendEntries(entries),
      onProgress: (swarmProgress) => this.#progress.offer(swarmProgress),
      fetchContent: (request) => content.fetch(request),
      answerPeer: (question) =>
        question.service === "poolq_range"
          ? this.queues.answerPeer(question)
          : this.puddles.answerPeer(question),
      onFleetDocument: () => this.puddles.noteDocuments(),
    });
    this.#progress = new LatestOnly(
      PROGRESS_EVERY_MS,
      clock,
      (swarmProgress) => this.#stream.send({ swarmProgress }),
    );
    this.#stream = new StreamKeeper({
      gateway,
      caller,
      clock,
      log,
      agentVersion,
      random: Math.random,
      onOpen: () => {
        // A server that has just started may have forgotten what is not durable.
        this.#cycle.forgetAcknowledged();
        this.#sendEntries(this.#engine.ownEntries());
        this.#progress.repeat();
        this.#tasks.noteStream();
        this.queues.noteStream();
      },
      onMessage: (message) =>
        hearServer(message, {
          held,
          queue: this.queue,
          engine: this.#engine,
          tasks: this.#tasks,
          queues: this.queues,
          puddles: this.puddles,
          log,
        }),
    });
    this.#tasks = new TaskKeeper({
      ledger: session.db.tasks,
      verifier: identity.serverVerifier,
      envoyUuid: identity.envoyUuid,
      processes: new LocalProcesses({ killGraceMs: KILL_GRACE_MS }),
      // A "vigo" in a command means this agent and not the one of "/".
      environment: { VIGO_ROOT: options.roots.root },
      log,
      serverTimeMs: () => caller.serverTimeMs(),
      send: (message) => this.#stream.send(AgentMessage.fromPartial(message)),
    });
    this.#certificate = new CertificateKeeper({
      identity,
      configFolder: paths.configFolder,
      rest: config.rest,
      caller,
      gateway,
      log,
      nowMs,
      onRenewed: (tls: TlsIdentity) => this.#engine.sendIdentity(tls),
    });
    const scans = new UserScans();
    const directory = new FleetDirectory({
      rest: config.rest,
      ca: identity.ca,
      identity: () => this.#certificate.tls,
    });
    this.puddles = new PuddleKeeper({
      roots: options.roots,
      held,
      envoyUuid: identity.envoyUuid,
      scans,
      log,
      statePath: paths.puddleState,
      hostname: () => this.#certificate.hostname,
      askPeer: (question) => this.#engine.askPeer(question),
      findInFleet: (reference) => directory.findPuddle(reference),
      onChange: () => session.readTraitSoon("puddle"),
    });
    this.queues = new QueueKeeper({
      scans,
      roots: options.roots,
      paths,
      store: queueStore,
      held,
      caller,
      rest: config.rest,
      ca: identity.ca,
      clock,
      log,
      engine: this.#engine,
      identity: () => this.#certificate.tls,
      hostname: () => this.#certificate.hostname,
      isStreamOpen: () => this.#stream.isOpen,
      isEnrolled: (hostname) => directory.isEnrolled(hostname),
    });
    this.#cycle = session.createCycle({
      swarm: () => this.#engine.facts(),
      onTraits: (traits) => this.#engine.sendTraits(traits),
      onRun: (report) => {
        // Whoever pushed waits for it; anybody else hears of it with the next check-in.
        if (report.trigger === "push") this.#stream.send({ heartbeat: toHeartbeat(report) });
      },
      onAnswer: (answer) => {
        this.#engine.update();
        this.#engine.sendEntries(readEntries(answer.manifestEntries, log));
        this.#engine.noteCheckIn(
          answer.manifestPage &&
            { ...answer.manifestPage, entries: readEntries(answer.manifestPage.entries, log) },
        );
        this.#engine.sendHints(answer.peers);
        this.puddles.noteDocuments();
      },
    });
    this.#loop = new CheckInLoop({
      clock,
      log,
      queue: this.queue,
      cycle: this.#cycle,
      certificate: this.#certificate,
      doctor: new ClockDoctor({
        rest: config.rest,
        verifier: identity.serverVerifier,
        caller,
        log,
        nowMs,
        ...(options.setClock ? { setClock: options.setClock } : {}),
      }),
      lockPath: paths.cycleLock,
      stateFolder: paths.stateFolder,
      splay: splayOf(identity.envoyUuid),
      intervalMs: () => session.intervalMs(),
      onCycle: (isAnswered) => {
        this.queues.noteCycle(isAnswered);
        this.puddles.noteCycle();
      },
      onAnswered: () => {
        this.#streaming ??= this.#stream.run(AbortSignal.any([options.signal, this.#scope.signal]));
        this.#stream.noteAnswer();
      },
      random: Math.random,
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#engine.update();
    const closeGateway = () => this.#session.gateway.close();
    signal.addEventListener("abort", closeGateway, { once: true });
    // Whatever ends the loop ends what it started; otherwise a failed daemon would neither work nor be restarted.
    try {
      await this.#loop.run(signal);
    } finally {
      this.#scope.abort();
      closeGateway();
      await Promise.all([this.#engine.stop(), this.#tasks.stop(), this.queues.stop()]);
      this.puddles.stop();
      this.#progress.stop();
      await this.#streaming;
    }
  }

  diagnose(peer: string | undefined): Promise<Diagnosis | null | "busy"> {
    return this.#engine.diagnose(peer);
  }

  #sendEntries(entries: readonly ManifestEntry[]): void {
    for (const manifest of encodeEntries(entries)) this.#stream.send({ manifest });
  }

  /** Tidies the swarm's folder. */
  cleanUp(): ReturnType<EngineKeeper["cleanUp"]> {
    return this.#engine.cleanUp();
  }

  status(): AgentStatus {
    return assembleStatus(this.#session, {
      version: this.#options.agentVersion,
      startedAtMs: this.#startedAtMs,
      ...this.#loop.state,
      certificateNotAfterMs: this.#certificate.notAfterMs,
      hostname: this.#certificate.hostname,
      streamOpen: this.#stream.isOpen,
      swarm: {
        state: this.#engine.state,
        address: this.#engine.address,
        problem: this.#engine.problem,
      },
    }, this.#options.clock.nowMs());
  }
}
