import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { Signer } from "../../shared/crypto/ed25519.ts";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import type { SwarmProgress } from "../../shared/proto/agent.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import type { EngineStart, NetworkInterface } from "../swarm/channel.ts";
import type { Diagnosis } from "../swarm/diagnosis.ts";
import type { RosterPage } from "../swarm/manifest/server_roster.ts";
import {
  type CleanUp,
  completeBlobs,
  removeDanglingLinks,
  removeStalePartials,
} from "../swarm/blobs/stale_partials.ts";
import { SwarmPaths } from "../swarm/swarm_paths.ts";
import type { ServerAnswer } from "../swarm/transfer/last_resort.ts";
import type { EngineEvent, EngineHandle, EngineHandlers } from "../swarm/start_engine.ts";
import { isUnspecified } from "../traits/lan_address.ts";
import { backoffMs, type BackoffPlan } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { type CycleLog, NO_SWARM, type SwarmFacts } from "./cycle.ts";
import { formatEndpoint } from "./format_endpoint.ts";
import type { HeldDocuments } from "./held_documents.ts";
import type { ContentRequest } from "./server_content.ts";
import { signEntry } from "./sign_entry.ts";

/** Starts an engine: `startEngine` of the swarm, or a fake. */
export type StartEngine = (start: EngineStart, handlers: EngineHandlers) => EngineHandle;

/** An engine that dies at once is not started in a loop. */
export const ENGINE_BACKOFF: BackoffPlan = { firstMs: 1_000, longestMs: 60_000 };
/** An engine that ran this long was healthy: its next death starts the back-off anew. */
const HEALTHY_AFTER_MS = 60_000;
/** Own entries remembered for the server, the limit of a manifest. */
const MAX_OWN_ENTRIES = 20_000;

/** Diagnoses that are waited for at once. */
const MAX_DIAGNOSES = 4;
/** Longer than all of them take that an engine makes one after the other. */
const DIAGNOSIS_TIMEOUT_MS = 90_000;

/** What an engine keeper works with. */
export interface EngineKeeperParts {
  readonly startEngine: StartEngine;
  readonly held: HeldDocuments;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly log: CycleLog;
  /** What an engine is started with; asked at every start, since the certificate changes. */
  start(): EngineStart;
  interfaces(): readonly NetworkInterface[];
  clockOffsetMs(): number;
  random(): number;
  /** For the server, when it can be reached. */
  onEntries(entries: readonly ManifestEntry[]): void;
  onProgress(progress: SwarmProgress): void;
  /** Asks the server for content that no peer has; never fails but with an answer. */
  fetchContent(request: ContentRequest): Promise<ServerAnswer>;
  /** A fleet document that a peer brought was accepted. */
  onFleetDocument(): void;
}

/**
 * Runs the swarm engine while this envoy's gates are open, and starts it again when it dies. Everything the engine says
 * comes from code that reads what other machines send, and is judged here before it is believed.
 */
export class EngineKeeper {
  readonly #parts: EngineKeeperParts;
  readonly #own = new Map<string, ManifestEntry>();
  #engine: EngineHandle | undefined;
  #startedAtMs = 0;
  #startedAs: string | undefined;
  #deaths = 0;
  #restart: AbortController | undefined;
  #pending: Promise<void> = Promise.resolve();
  #stopped = false;
  #facts: SwarmFacts = NO_SWARM;
  #address = "";
  #traits: Readonly<Record<string, Json>> = {};
  #state: "off" | "starting" | "running" | "failed" = "off";
  #problem = "";
  readonly #cleanUps = new Map<number, (done: CleanUp | null) => void>();
  #nextCleanUp = 1;
  readonly #diagnoses = new Map<number, (diagnosis: Diagnosis | null) => void>();
  #nextDiagnosis = 1;

  constructor(parts: EngineKeeperParts) {
    this.#parts = parts;
  }

  get state(): "off" | "starting" | "running" | "failed" {
    return this.#state;
  }

  /** Why the engine does not run although it should; empty when there is nothing to tell. */
  get problem(): string {
    return this.#problem;
  }

  /** Where the peer server listens, host:port; empty while none runs. */
  get address(): string {
    return this.#address;
  }

  facts(): SwarmFacts {
    return this.#facts;
  }

  /** Entries that this envoy signed, for a server that may have missed them. */
  ownEntries(): readonly ManifestEntry[] {
    return [...this.#own.values()];
  }

  /** Starts or stops the engine as the envoy document says, and hands it the documents. */
  update(): void {
    if (this.#stopped) return;
    if (!this.#isWanted()) {
      this.#cancelRestart();
      // The state file that the engine leaves is to show the gates as they are now.
      if (this.#engine) this.#sendDocuments();
      if (this.#engine) this.#halt("the gates of this envoy are closed");
      this.#state = "off";
      this.#problem = this.#parts.held.envoy()
        ? "swarm.enabled of the server does not admit this machine"
        : "the server has not said yet whether this machine takes part";
      return;
    }
    if (this.#engine && this.#hostname() !== this.#startedAs) this.#startAnew();
    else if (this.#engine) this.#sendDocuments();
    else if (!this.#restart) this.#launch();
  }

  sendTraits(traits: Readonly<Record<string, Json>>): void {
    this.#traits = traits;
    this.#engine?.send({ kind: "traits", traits });
    this.#engine?.send({ kind: "interfaces", interfaces: this.#parts.interfaces() });
    this.#engine?.send({ kind: "clock", offsetMs: this.#parts.clockOffsetMs() });
  }

  /** Cells from the server. */
  sendEntries(entries: readonly ManifestEntry[]): void {
    if (entries.length > 0) this.#engine?.send({ kind: "entries", entries });
  }

  /** The server answered a check-in, with a page of its manifest if the engine asked for one. */
  noteCheckIn(roster?: RosterPage): void {
    const { clock, clockOffsetMs } = this.#parts;
    this.#engine?.send({ kind: "clock", offsetMs: clockOffsetMs() });
    this.#engine?.send({
      kind: "checked_in",
      atMs: clock.nowMs(),
      ...(roster ? { roster } : {}),
    });
  }

  sendHints(peers: readonly { envoyUuid: string; address: string }[]): void {
    if (peers.length > 0) this.#engine?.send({ kind: "hints", peers });
  }

  /**
   * What the engine sees of the way to its peers, and to `peer` if it is named; `null` if no engine answers.
   *
   * @returns `busy` if as many diagnoses are waited for as may be.
   */
  async diagnose(peer: string | undefined): Promise<Diagnosis | null | "busy"> {
    if (!this.#engine) return null;
    if (this.#diagnoses.size >= MAX_DIAGNOSES) return "busy";
    const requestId = this.#nextDiagnosis++;
    const answered = Promise.withResolvers<Diagnosis | null>();
    const timer = setTimeout(() => answered.resolve(null), DIAGNOSIS_TIMEOUT_MS);
    this.#diagnoses.set(requestId, answered.resolve);
    this.#engine.send({ kind: "diagnose", requestId, ...(peer === undefined ? {} : { peer }) });
    try {
      return await answered.promise;
    } finally {
      clearTimeout(timer);
      this.#diagnoses.delete(requestId);
    }
  }

  sendIdentity(identity: TlsIdentity): void {
    this.#engine?.send({ kind: "identity", identity });
  }

  /**
   * Removes links that lead nowhere and what was left of finished downloads. The engine does it, so that no download is
   * in the way; where none runs there is none to be disturbed.
   *
   * @returns `null` if the engine ends before it is done.
   */
  async cleanUp(): Promise<CleanUp | null> {
    await this.#pending;
    if (!this.#engine) return cleanFolder(this.#parts.start().folder);
    const requestId = this.#nextCleanUp++;
    const cleaned = Promise.withResolvers<CleanUp | null>();
    this.#cleanUps.set(requestId, cleaned.resolve);
    this.#engine.send({ kind: "clean", requestId });
    try {
      return await cleaned.promise;
    } finally {
      this.#cleanUps.delete(requestId);
    }
  }

  /** Ends the engine and whatever restart was planned. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelRestart();
    if (this.#engine) this.#halt("the daemon stops");
    await this.#pending;
  }

  #isWanted(): boolean {
    const swarm = this.#parts.held.envoy()?.value.swarm;
    return swarm !== undefined && swarm.enabled &&
      this.#parts.held.fleet() !== undefined;
  }

  /** The name that the server knows this envoy by. */
  #hostname(): string | undefined {
    return this.#parts.held.envoy()?.value.hostname;
  }

  /** What an engine announces and signs names the envoy that it was started as. */
  #startAnew(): void {
    this.#halt("this envoy has another name now");
    const restart = new AbortController();
    this.#restart = restart;
    this.#pending = this.#pending.then(() => {
      if (restart.signal.aborted) return;
      this.#restart = undefined;
      this.update();
    });
  }

  #launch(): void {
    const { startEngine, clock, log } = this.#parts;
    this.#startedAs = this.#hostname();
    this.#startedAtMs = clock.nowMs();
    this.#state = "starting";
    log.info("starting the swarm engine");
    const engine = startEngine(this.#parts.start(), {
      onEvent: (event) => this.#hear(event),
      onCrash: (reason) => {
        if (this.#engine === engine) this.#bury(reason);
      },
    });
    this.#engine = engine;
    // What it calls and announces from has to be known when the documents let it begin.
    this.sendTraits(this.#traits);
    this.#sendDocuments();
  }

  #sendDocuments(): void {
    const fleet = this.#parts.held.fleet(), envoy = this.#parts.held.envoy();
    if (!fleet || !envoy) return;
    this.#engine?.send({
      kind: "documents",
      fleet: fleet.value,
      fleetSigned: fleet.signed,
      envoy: envoy.value,
    });
  }

  #halt(reason: string): void {
    const engine = this.#engine;
    if (!engine) return;
    this.#forgetEngine();
    this.#parts.log.info("stopping the swarm engine", { reason });
    this.#pending = this.#pending.then(() => engine.stop()).catch((error) =>
      this.#parts.log.error("the swarm engine did not stop in order", { reason: String(error) })
    );
  }

  #bury(reason: string): void {
    const { clock, log, random } = this.#parts;
    const livedMs = clock.nowMs() - this.#startedAtMs;
    this.#forgetEngine();
    this.#deaths = livedMs >= HEALTHY_AFTER_MS ? 1 : this.#deaths + 1;
    this.#state = "failed";
    this.#problem = reason;
    const delayMs = backoffMs(this.#deaths, ENGINE_BACKOFF, random());
    log.error("swarm engine ended; it is started again", { reason, delayMs });
    const restart = new AbortController();
    this.#restart = restart;
    this.#pending = this.#pending.then(() => clock.sleep(delayMs, restart.signal)).then(() => {
      if (restart.signal.aborted) return;
      this.#restart = undefined;
      this.update();
    });
  }

  #cancelRestart(): void {
    this.#restart?.abort();
    this.#restart = undefined;
  }

  #forgetEngine(): void {
    this.#engine = undefined;
    this.#facts = NO_SWARM;
    this.#address = "";
    for (const settle of this.#diagnoses.values()) settle(null);
    for (const settle of this.#cleanUps.values()) settle(null);
  }

  #hear(message: EngineEvent): void {
    const { log } = this.#parts;
    switch (message.kind) {
      case "ready":
        this.#state = "running";
        this.#problem = "";
        this.#noteListening(message.address, message.port);
        log.info("swarm engine is ready", { address: message.address, port: message.port });
        return;
      case "entries":
        this.#facts = { ...this.#facts, manifestDigest: readDigest(message.digest) };
        this.#rememberOwn(message.entries);
        this.#parts.onEntries(message.entries);
        return;
      case "roster":
        this.#facts = { ...this.#facts, manifestSince: message.since };
        return;
      case "progress":
        this.#parts.onProgress({ blobs: [...message.blobs], problems: [...message.problems] });
        return;
      case "sign":
        this.#sign(message.requestId, message.entry);
        return;
      case "fetch":
        this.#fetchContent(message);
        return;
      case "fleet": {
        const held = this.#parts.held.fleet()?.value.serial ?? 0;
        const verdict = this.#parts.held.takeFleet(message.signed);
        if (!verdict.ok) log.warn("fleet document of a peer refused", { reason: verdict.reason });
        else if (verdict.value.serial > held) {
          log.info("fleet document accepted from a peer", { serial: verdict.value.serial });
          this.#sendDocuments();
          this.#parts.onFleetDocument();
        }
        return;
      }
      case "log":
        // An engine that cannot open its port goes on trying by itself, and says so only here.
        if (message.level === "error" && this.#state === "starting") {
          this.#problem = String(message.properties?.["reason"] ?? message.message);
        }
        log[message.level === "warning" ? "warn" : message.level](
          message.message,
          message.properties,
        );
        return;
      case "cleaned": {
        const { requestId, danglingLinks, stalePartials, errors } = message;
        log.info("the swarm folder was cleaned", { danglingLinks, stalePartials, errors });
        this.#cleanUps.get(requestId)?.({ danglingLinks, stalePartials, errors });
        return;
      }
      case "examined":
        // Whoever asked hears it beside the keeper.
        return;
      case "diagnosed":
        this.#diagnoses.get(message.requestId)?.(message.diagnosis);
        return;
      case "fatal": {
        const engine = this.#engine;
        if (!engine) return;
        this.#bury(message.reason);
        engine.terminate();
        return;
      }
    }
  }

  #noteListening(address: string, port: number): void {
    const { announceAddress, listenAddress } = this.#parts.start();
    const isSole = listenAddress !== undefined && !isUnspecified(listenAddress);
    const fixed = announceAddress ?? (isSole ? formatEndpoint(listenAddress, port) : "");
    this.#facts = { ...this.#facts, port, announced: fixed };
    this.#address = fixed || formatEndpoint(address, port);
  }

  #sign(requestId: number, asked: object): void {
    const { signer, log } = this.#parts;
    const signed = signEntry(asked, signer, this.#startedAs ?? "");
    if (signed.ok) this.#engine?.send({ kind: "signed", requestId, entry: signed.entry });
    else {
      log.error("the swarm engine asked for a signature it may not have", {
        reason: signed.reason,
      });
      this.#engine?.send({ kind: "unsigned", requestId, reason: signed.reason });
    }
  }

  #fetchContent({ requestId, ...request }: ContentRequest & { requestId: number }): void {
    const engine = this.#engine;
    const answer = (answer: ServerAnswer) => {
      // An engine that was started since has other requests of that number.
      if (this.#engine === engine) engine?.send({ kind: "fetched", requestId, answer });
    };
    this.#parts.fetchContent(request).then(
      answer,
      (error: unknown) => answer({ ok: false, reason: String(error), isFinal: true }),
    );
  }

  #rememberOwn(entries: readonly ManifestEntry[]): void {
    const author = this.#parts.signer.publicKey.toHex();
    for (const entry of entries) {
      if (entry.author !== author) continue;
      this.#own.delete(entry.sha256);
      this.#own.set(entry.sha256, entry);
    }
    for (const sha of this.#own.keys()) {
      if (this.#own.size <= MAX_OWN_ENTRIES) break;
      this.#own.delete(sha);
    }
  }
}

/** Synchronous from end to end: no engine can be started meanwhile. */
function cleanFolder(folder: string): CleanUp {
  const paths = new SwarmPaths(folder);
  const partials = removeStalePartials(paths, completeBlobs(paths));
  const links = removeDanglingLinks(paths);
  return { ...partials, ...links, errors: partials.errors + links.errors };
}

function readDigest(hex: string): Uint8Array {
  return /^([0-9a-f]{2})*$/.test(hex) ? Uint8Array.fromHex(hex) : new Uint8Array();
}
