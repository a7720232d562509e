import type { Json } from "../../shared/canonical/canonical_json.ts";
import type { Signer } from "../../shared/crypto/ed25519.ts";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import type { SwarmProgress } from "../../shared/proto/agent.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import type { SignedBytes } from "../../shared/canonical/signed_document.ts";
import { cleanFolder } from "../swarm/blobs/clean_folder.ts";
import type { CleanUp } from "../swarm/blobs/stale_partials.ts";
import type { EngineStart, NetworkInterface } from "../swarm/channel.ts";
import type { Diagnosis } from "../swarm/diagnosis.ts";
import type { RosterPage } from "../swarm/manifest/server_roster.ts";
import { PendingAnswers } from "../swarm/pending_answers.ts";
import type { EngineEvent } from "../swarm/start_engine.ts";
import type { PeerQuestion, PeerReply, RelayedQuestion, RelayedReply } from "../swarm/relay.ts";
import type { ServerAnswer } from "../swarm/transfer/last_resort.ts";
import { isUnspecified } from "../traits/lan_address.ts";
import type { Clock } from "../runtime/clock.ts";
import type { AgentLog } from "../runtime/agent_log.ts";
import { NO_SWARM, type SwarmFacts } from "../cycle/swarm_facts.ts";
import { EngineRunner, type EngineState, type StartEngine } from "./engine_runner.ts";
import { formatEndpoint } from "../runtime/format_endpoint.ts";
import type { HeldDocuments } from "../documents/held_documents.ts";
import { OwnEntries } from "./own_entries.ts";
import type { ContentRequest } from "../server_link/server_content.ts";
import { signEntry } from "./sign_entry.ts";

/** Diagnoses that are waited for at once. */
const MAX_DIAGNOSES = 4;
/** Longer than all of them take that an engine makes one after the other. */
const DIAGNOSIS_TIMEOUT_MS = 90_000;

/** Questions to peers that are waited for at once, and for how long: the engine has limits of its own. */
const MAX_QUESTIONS = 32;
const QUESTION_TIMEOUT_MS = 180_000;
const NO_ENGINE: PeerReply = { ok: false, reason: "the swarm does not run on this machine" };

/** What an engine keeper works with. */
export interface EngineKeeperParts {
  readonly startEngine: StartEngine;
  readonly held: HeldDocuments;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly log: AgentLog;
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
  /** Answers a peer's question that needs more than the engine may see; never fails but with a status. */
  answerPeer(question: RelayedQuestion): Promise<RelayedReply>;
  /** A fleet document that a peer brought was accepted. */
  onFleetDocument(): void;
}

/**
 * Has the swarm engine run while this envoy's gates are open, and stands between it and the rest of the daemon. Everything
 * the engine says comes from code that reads what other machines send, and is judged here before it is believed.
 */
export class EngineKeeper {
  readonly #parts: EngineKeeperParts;
  readonly #runner: EngineRunner;
  readonly #own: OwnEntries;
  readonly #cleanUps = new PendingAnswers<CleanUp>();
  readonly #diagnoses = new PendingAnswers<Diagnosis>();
  readonly #questions = new PendingAnswers<PeerReply>();
  #startedAs: string | undefined;
  #stopped = false;
  #facts: SwarmFacts = NO_SWARM;
  #address = "";
  #traits: Readonly<Record<string, Json>> = {};

  constructor(parts: EngineKeeperParts) {
    this.#parts = parts;
    this.#own = new OwnEntries(parts.signer.publicKey.toHex());
    this.#runner = new EngineRunner({
      startEngine: parts.startEngine,
      clock: parts.clock,
      log: parts.log,
      start: () => parts.start(),
      random: () => parts.random(),
      onEvent: (event) => this.#hear(event),
      onGone: () => this.#forgetEngine(),
      onDue: () => this.update(),
    });
  }

  get state(): EngineState {
    return this.#runner.state;
  }

  /** Why the engine does not run although it should; empty when there is nothing to tell. */
  get problem(): string {
    return this.#runner.problem;
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
    return this.#own.all();
  }

  /** Starts or stops the engine as the envoy document says, and hands it the documents. */
  update(): void {
    if (this.#stopped) return;
    if (!this.#isWanted()) {
      // The state file that the engine leaves is to show the gates as they are now.
      this.#sendDocuments();
      this.#runner.rest(
        "the gates of this envoy are closed",
        this.#parts.held.envoy()
          ? "swarm.enabled of the server does not admit this machine"
          : "the server has not said yet whether this machine takes part",
      );
      return;
    }
    const runner = this.#runner;
    // What an engine announces and signs names the envoy that it was started as.
    if (runner.engine && this.#hostname() !== this.#startedAs) {
      runner.startAnew("this envoy has another name now");
    } else if (runner.engine) this.#sendDocuments();
    else if (!runner.isRestarting) this.#launch();
  }

  sendTraits(traits: Readonly<Record<string, Json>>): void {
    this.#traits = traits;
    this.#runner.engine?.send({ kind: "traits", traits });
    this.#runner.engine?.send({ kind: "interfaces", interfaces: this.#parts.interfaces() });
    this.#runner.engine?.send({ kind: "clock", offsetMs: this.#parts.clockOffsetMs() });
  }

  /** Cells from the server. */
  sendEntries(entries: readonly ManifestEntry[]): void {
    if (entries.length > 0) this.#runner.engine?.send({ kind: "entries", entries });
  }

  /** The server answered a check-in, with a page of its manifest if the engine asked for one. */
  noteCheckIn(roster?: RosterPage): void {
    const { clock, clockOffsetMs } = this.#parts;
    this.#runner.engine?.send({ kind: "clock", offsetMs: clockOffsetMs() });
    this.#runner.engine?.send({
      kind: "checked_in",
      atMs: clock.nowMs(),
      ...(roster ? { roster } : {}),
    });
  }

  sendHints(peers: readonly { envoyUuid: string; address: string }[]): void {
    if (peers.length > 0) this.#runner.engine?.send({ kind: "hints", peers });
  }

  /**
   * What the engine sees of the way to its peers, and to `peer` if it is named; `null` if no engine answers.
   *
   * @returns `busy` if as many diagnoses are waited for as may be.
   */
  async diagnose(peer: string | undefined): Promise<Diagnosis | null | "busy"> {
    const { engine } = this.#runner;
    if (!engine) return null;
    if (this.#diagnoses.size >= MAX_DIAGNOSES) return "busy";
    return await this.#diagnoses.ask(
      (requestId) =>
        engine.send({ kind: "diagnose", requestId, ...(peer === undefined ? {} : { peer }) }),
      DIAGNOSIS_TIMEOUT_MS,
    );
  }

  /** Asks the peer of that hostname over mTLS. What it says is for the caller to verify. */
  async askPeer(question: PeerQuestion): Promise<PeerReply> {
    const { engine } = this.#runner;
    if (!engine) return NO_ENGINE;
    if (this.#questions.size >= MAX_QUESTIONS) {
      return { ok: false, reason: "too many questions to peers are under way; try again" };
    }
    const reply = await this.#questions.ask(
      (requestId) => engine.send({ kind: "ask_peer", requestId, question }),
      QUESTION_TIMEOUT_MS,
    );
    return reply ?? { ok: false, reason: "the swarm engine did not answer" };
  }

  sendIdentity(identity: TlsIdentity): void {
    this.#runner.engine?.send({ kind: "identity", identity });
  }

  /**
   * Removes links that lead nowhere and what was left of finished downloads. The engine does it, so that no download is
   * in the way; where none runs there is none to be disturbed.
   *
   * @returns `null` if the engine ends before it is done.
   */
  async cleanUp(): Promise<CleanUp | null> {
    await this.#runner.settled;
    const { engine } = this.#runner;
    if (!engine) return cleanFolder(this.#parts.start().folder);
    return await this.#cleanUps.ask((requestId) => engine.send({ kind: "clean", requestId }));
  }

  /** Ends the engine and whatever restart was planned. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#runner.stop("the daemon stops");
    await this.#runner.settled;
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

  #launch(): void {
    this.#startedAs = this.#hostname();
    this.#runner.launch();
    // What it calls and announces from has to be known when the documents let it begin.
    this.sendTraits(this.#traits);
    this.#sendDocuments();
  }

  #sendDocuments(): void {
    const fleet = this.#parts.held.fleet(), envoy = this.#parts.held.envoy();
    if (!fleet || !envoy) return;
    this.#runner.engine?.send({
      kind: "documents",
      fleet: fleet.value,
      fleetSigned: fleet.signed,
      envoy: envoy.value,
    });
  }

  #forgetEngine(): void {
    this.#facts = NO_SWARM;
    this.#address = "";
    this.#diagnoses.settleAll(null);
    this.#questions.settleAll(null);
    this.#cleanUps.settleAll(null);
  }

  #hear(message: EngineEvent): void {
    const { log } = this.#parts;
    switch (message.kind) {
      case "ready":
        this.#runner.noteReady();
        this.#noteListening(message.address, message.port);
        log.info("swarm engine is ready", { address: message.address, port: message.port });
        return;
      case "entries":
        this.#facts = { ...this.#facts, manifestDigest: readDigest(message.digest) };
        this.#own.remember(message.entries);
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
      case "fleet":
        this.#takeFleet(message.signed);
        return;
      case "log":
        if (message.level === "error") {
          this.#runner.noteError(String(message.properties?.["reason"] ?? message.message));
        }
        log[message.level === "warning" ? "warn" : message.level](
          message.message,
          message.properties,
        );
        return;
      case "cleaned": {
        const { requestId, danglingLinks, stalePartials, errors } = message;
        log.info("the swarm folder was cleaned", { danglingLinks, stalePartials, errors });
        this.#cleanUps.settle(requestId, { danglingLinks, stalePartials, errors });
        return;
      }
      case "examined":
        // Whoever asked hears it beside the keeper.
        return;
      case "diagnosed":
        this.#diagnoses.settle(message.requestId, message.diagnosis);
        return;
      case "asked":
        this.#answerPeer(message.requestId, message.question);
        return;
      case "peer_answered":
        this.#questions.settle(message.requestId, message.reply);
        return;
      case "fatal":
        this.#runner.fail(message.reason);
        return;
    }
  }

  #takeFleet(signed: SignedBytes): void {
    const { held, log, onFleetDocument } = this.#parts;
    const serialBefore = held.fleet()?.value.serial ?? 0;
    const verdict = held.takeFleet(signed);
    if (!verdict.ok) log.warn("fleet document of a peer refused", { reason: verdict.reason });
    else if (verdict.value.serial > serialBefore) {
      log.info("fleet document accepted from a peer", { serial: verdict.value.serial });
      this.#sendDocuments();
      onFleetDocument();
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
    if (signed.ok) this.#runner.engine?.send({ kind: "signed", requestId, entry: signed.entry });
    else {
      log.error("the swarm engine asked for a signature it may not have", {
        reason: signed.reason,
      });
      this.#runner.engine?.send({ kind: "unsigned", requestId, reason: signed.reason });
    }
  }

  #answerPeer(requestId: number, question: RelayedQuestion): void {
    const { engine } = this.#runner;
    const { answerPeer, log } = this.#parts;
    const answer = (reply: RelayedReply) => {
      if (this.#runner.engine === engine) engine?.send({ kind: "answered", requestId, reply });
    };
    answerPeer(question).then(answer, (error: unknown) => {
      log.error("could not answer a peer", { path: question.path, reason: String(error) });
      answer({ status: 500, body: new Uint8Array() });
    });
  }

  #fetchContent({ requestId, ...request }: ContentRequest & { requestId: number }): void {
    const { engine } = this.#runner;
    const answer = (answer: ServerAnswer) => {
      // An engine that was started since has other requests of that number.
      if (this.#runner.engine === engine) engine?.send({ kind: "fetched", requestId, answer });
    };
    this.#parts.fetchContent(request).then(
      answer,
      (error: unknown) => answer({ ok: false, reason: String(error), isFinal: true }),
    );
  }
}

function readDigest(hex: string): Uint8Array {
  return /^([0-9a-f]{2})*$/.test(hex) ? Uint8Array.fromHex(hex) : new Uint8Array();
}
