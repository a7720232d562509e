import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import type { ServerMessage, SwarmProgress } from "../../shared/proto/agent.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import { assembleStatus } from "./assemble_status.ts";
import type { Clock } from "./clock.ts";
import { CertificateKeeper } from "./certificate_keeper.ts";
import { ClockDoctor } from "./clock_doctor.ts";
import type { Cycle, CycleLog, CycleOutcome } from "./cycle.ts";
import { FileLock, LockHeldError } from "./cycle_lock.ts";
import { decodeEntries, encodeEntries } from "./manifest_messages.ts";
import { engineStart } from "./engine_start.ts";
import { EngineKeeper, type StartEngine } from "./engine_keeper.ts";
import { type EnvoySession, openEnvoySession } from "./envoy_session.ts";
import { createControlApi, createOpenApi } from "./local_api.ts";
import { LocalServer } from "./local_server.ts";
import { LatestOnly } from "./latest_only.ts";
import { storageFault } from "../store/storage_fault.ts";
import { nextDelayMs, splayOf } from "./loop_plan.ts";
import { describeFailure } from "./describe_failure.ts";
import type { AgentStatus } from "./status.ts";
import { StreamKeeper } from "./stream_keeper.ts";
import { parseSpeed, swarmInterfaces } from "./swarm_interfaces.ts";
import { type Wake, WakeQueue } from "./wake_queue.ts";

/** What a daemon is started with. */
export interface DaemonOptions {
  readonly roots: RootPaths;
  readonly agentVersion: string;
  readonly clock: Clock;
  readonly log: CycleLog;
  readonly startEngine: StartEngine;
  /** A download is refused below this share of free space, in percent. */
  readonly minFreePercent: number;
  /** Sets the machine's clock when it is so wrong that TLS fails. */
  readonly setClock?: (timeMs: number) => Promise<void>;
  /** Ends the daemon. */
  readonly signal: AbortSignal;
}

/** How often the cycle lock is tried while a single run holds it, in ms. */
const LOCK_RETRY_MS = 200;
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
  const daemon = new Daemon(session, options);
  await Deno.mkdir(session.paths.runFolder, { recursive: true, mode: 0o755 });
  const open = await LocalServer.listen(
    session.paths.agentSocket,
    0o666,
    createOpenApi(() => daemon.status()),
  );
  const control = await LocalServer.listen(
    session.paths.controlSocket,
    0o600,
    createControlApi(daemon.queue),
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

class Daemon {
  readonly queue = new WakeQueue();
  readonly #session: EnvoySession;
  readonly #options: DaemonOptions;
  readonly #cycle: Cycle;
  readonly #engine: EngineKeeper;
  readonly #stream: StreamKeeper;
  readonly #progress: LatestOnly<SwarmProgress>;
  readonly #certificate: CertificateKeeper;
  readonly #doctor: ClockDoctor;
  readonly #startedAtMs: number;
  readonly #speeds = new Map<string, number>();
  #activity: AgentStatus["activity"] = "idle";
  #failures = 0;
  #last: CycleOutcome | undefined;
  #nextCheckInAtMs: number | null = null;
  #running: Promise<void>[] = [];

  constructor(session: EnvoySession, options: DaemonOptions) {
    const { clock, log, agentVersion } = options;
    const { identity, caller, held, gateway, config, paths } = session;
    this.#session = session;
    this.#options = options;
    this.#startedAtMs = clock.nowMs();
    this.#engine = new EngineKeeper({
      startEngine: options.startEngine,
      held,
      signer: identity.signer,
      hostname: identity.hostname,
      clock,
      log,
      start: () => engineStart(session, this.#certificate.tls, options.minFreePercent),
      interfaces: () => this.#interfaces(),
      clockOffsetMs: () => caller.clockOffsetMs,
      random: Math.random,
      onEntries: (entries) => this.#sendEntries(entries),
      onProgress: (swarmProgress) => this.#progress.offer(swarmProgress),
      onFleetDocument: () => {},
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
      },
      onMessage: (message) => this.#tryHear(message),
    });
    this.#certificate = new CertificateKeeper({
      identity,
      configFolder: paths.configFolder,
      rest: config.rest,
      caller,
      gateway,
      log,
      nowMs: () => clock.nowMs(),
      onRenewed: (tls: TlsIdentity) => this.#engine.sendIdentity(tls),
    });
    this.#doctor = new ClockDoctor({
      rest: config.rest,
      verifier: identity.serverVerifier,
      caller,
      log,
      nowMs: () => clock.nowMs(),
      ...(options.setClock ? { setClock: options.setClock } : {}),
    });
    this.#cycle = session.createCycle({
      swarm: () => this.#engine.facts(),
      onTraits: (traits) => this.#engine.sendTraits(traits),
      onAnswer: (answer) => {
        this.#engine.update();
        this.#engine.sendEntries(this.#readEntries(answer.manifestEntries));
        this.#engine.sendHints(answer.peers);
      },
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#readSpeeds();
    this.#engine.update();
    const closeGateway = () => this.#session.gateway.close();
    signal.addEventListener("abort", closeGateway, { once: true });
    // Whatever ends the loop ends what it started; otherwise a failed daemon would neither work nor be restarted.
    const scope = new AbortController();
    try {
      await this.#loop(AbortSignal.any([signal, scope.signal]));
    } finally {
      this.#activity = "stopping";
      scope.abort();
      closeGateway();
      await this.#engine.stop();
      this.#progress.stop();
      await Promise.all(this.#running);
    }
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const splay = splayOf(this.#session.identity.envoyUuid);
    let wake: Wake = { trigger: "start", dryRun: false, force: false };
    while (!signal.aborted) {
      const outcome = await this.#tryCycle(wake, signal);
      if (!outcome) return;
      wake.onDone?.(outcome);
      const delayMs = nextDelayMs(
        { intervalMs: this.#session.intervalMs(), splay, failures: this.#failures },
        clock.nowMs(),
        Math.random(),
      );
      this.#nextCheckInAtMs = clock.nowMs() + delayMs;
      await clock.sleep(delayMs, AbortSignal.any([signal, this.queue.bell]));
      wake = this.queue.next() ?? { trigger: "interval", dryRun: false, force: false };
    }
  }

  /** A cycle that survives a full or failing disk: nothing that was durable is lost, and somebody may make room. */
  async #tryCycle(wake: Wake, signal: AbortSignal): Promise<CycleOutcome | undefined> {
    try {
      return await this.#runCycle(wake, signal);
    } catch (error) {
      const reason = storageFault(error);
      if (reason === undefined) throw error;
      this.#activity = "idle";
      this.#failures++;
      this.#options.log.error("cannot store what a cycle needs; trying again later", {
        reason,
        folder: this.#session.paths.stateFolder,
      });
      return {
        notApplied:
          `the disk below ${this.#session.paths.stateFolder} does not take writes: ${reason}`,
        renewCertificate: false,
        suspectedClone: false,
      };
    }
  }

  /** One cycle under the lock; `undefined` if the daemon was stopped while it waited for the lock. */
  async #runCycle(wake: Wake, signal: AbortSignal): Promise<CycleOutcome | undefined> {
    using lock = await this.#takeCycleLock(signal);
    if (!lock) return undefined;
    this.#activity = "checking in";
    if (this.#certificate.isExpired()) await this.#certificate.renewIfDue(false);
    const outcome = await this.#cycle.run({
      trigger: wake.trigger,
      dryRun: wake.dryRun,
      force: wake.force,
      signal,
      onResource: (resource) => {
        this.#activity = "applying";
        wake.onResource?.(resource);
      },
    });
    this.#activity = "idle";
    await this.#learn(outcome, signal);
    return outcome;
  }

  async #learn(outcome: CycleOutcome, signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    const { failure } = outcome;
    this.#last = outcome;
    if (signal.aborted) return;
    if (failure) {
      this.#failures++;
      const { level, message } = describeFailure(failure);
      log[this.#failures === 1 ? level : "debug"](message, {
        reason: failure.message,
        failures: this.#failures,
      });
      if (failure.clockSuspected || this.#certificate.isExpired()) {
        await this.#doctor.examine(signal);
      }
      return;
    }
    if (this.#failures > 0) log.info("the server answers again", { failures: this.#failures });
    this.#failures = 0;
    if (outcome.suspectedClone) {
      log.error(
        'the server believes that two machines use this identity; run "vigocli envoys accept" for it or enrol one of them anew',
      );
    }
    if (this.#running.length === 0) this.#running.push(this.#stream.run(signal));
    await this.#certificate.renewIfDue(outcome.renewCertificate);
  }

  async #takeCycleLock(signal: AbortSignal): Promise<FileLock | undefined> {
    const { clock, log } = this.#options;
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      try {
        return await FileLock.take(this.#session.paths.cycleLock, {
          pid: Deno.pid,
          what: "vigo daemon",
          sinceMs: clock.nowMs(),
        });
      } catch (error) {
        if (!(error instanceof LockHeldError)) throw error;
        if (isFirst) log.info("waiting for another run to end", { holder: error.message });
        await clock.sleep(LOCK_RETRY_MS, signal);
      }
    }
    return undefined;
  }

  /** What could not be stored comes again with the next check-in. */
  #tryHear(message: ServerMessage): void {
    try {
      this.#hear(message);
    } catch (error) {
      const reason = storageFault(error);
      if (reason === undefined) throw error;
      this.#options.log.error("cannot store what the server sent", { reason });
    }
  }

  #hear(message: ServerMessage): void {
    const { log } = this.#options;
    const { held } = this.#session;
    if (message.push) {
      log.info("the server asks for a check-in", { reason: message.push.reason });
      this.queue.push(message.push.force);
    }
    if (message.fleetDocument) {
      const verdict = held.takeFleet(message.fleetDocument);
      if (verdict.ok) log.info("fleet document accepted", { serial: verdict.value.serial });
      else log.error("fleet document refused", { reason: verdict.reason });
      this.#engine.update();
    }
    if (message.envoyDocument) {
      const verdict = held.takeEnvoy(message.envoyDocument);
      if (verdict.ok) log.info("envoy document accepted", { serial: verdict.value.serial });
      else log.error("envoy document refused", { reason: verdict.reason });
      this.#engine.update();
    }
    if (message.manifest) this.#engine.sendEntries(this.#readEntries(message.manifest.entries));
  }

  #readEntries(encoded: readonly Uint8Array[]): readonly ManifestEntry[] {
    const { entries, problems } = decodeEntries(encoded);
    for (const reason of problems) {
      this.#options.log.warn("a manifest entry of the server cannot be read", { reason });
    }
    return entries;
  }

  #sendEntries(entries: readonly ManifestEntry[]): void {
    for (const manifest of encodeEntries(entries)) this.#stream.send({ manifest });
  }

  #interfaces() {
    const { system, config } = this.#session;
    return swarmInterfaces(
      system.networkInterfaces(),
      config.swarm.listen_address,
      (name) => this.#speeds.get(name),
    );
  }

  async #readSpeeds(): Promise<void> {
    const { system } = this.#session;
    for (const name of await system.list("/sys/class/net")) {
      // Drivers without a speed fail to read it.
      const text = await system.readText(`/sys/class/net/${name}/speed`).catch(() => undefined);
      const speed = parseSpeed(text);
      if (speed !== undefined) this.#speeds.set(name, speed);
    }
  }

  status(): AgentStatus {
    return assembleStatus(this.#session, {
      version: this.#options.agentVersion,
      startedAtMs: this.#startedAtMs,
      activity: this.#activity,
      failures: this.#failures,
      last: this.#last,
      nextCheckInAtMs: this.#nextCheckInAtMs,
      certificateNotAfterMs: this.#certificate.notAfterMs,
      streamOpen: this.#stream.isOpen,
      swarm: {
        state: this.#engine.state,
        address: this.#engine.address,
        problem: this.#engine.problem,
      },
    });
  }
}
