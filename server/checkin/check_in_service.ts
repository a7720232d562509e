import { Buffer } from "node:buffer";
import { SHA256_BYTES } from "./limits.ts";
import type { SignedBytes } from "../../shared/canonical/signed_document.ts";
import type { Logger } from "../../shared/platform/logging.ts";
import {
  type CheckInRequest,
  type CheckInResponse,
  Refusal_Reason,
  type SignedDocument,
} from "../../shared/proto/agent.ts";
import type { EnvoyDocuments } from "../documents/envoy_documents.ts";
import type { FleetDocuments } from "../documents/fleet_documents.ts";
import { isRenewalDue } from "../enroll/renewal.ts";
import { type CloneTokens, judgeCloneToken } from "../fleet/clone_tokens.ts";
import type { EnvoyState, Reported } from "../fleet/envoy_state.ts";
import { judgeCheckInLimits, MAX_CLAIMED_AHEAD_MS } from "./limits.ts";
import type { ManifestExchange } from "../swarm/manifest_exchange.ts";
import type { ObservationBatcher } from "./observation_batcher.ts";
import type { PeerCertificate } from "./peer_certificates.ts";
import type { PeerHints } from "./peer_hints.ts";
import type { PolicyDesk } from "./policy_desk.ts";
import { malformed, type RequestRefusal } from "../fleet/refusals.ts";
import { lastRunOf, type RunBook } from "./run_book.ts";

export interface CheckInServiceOptions {
  readonly batcher: ObservationBatcher;
  readonly runs: Pick<RunBook, "noteHeartbeat">;
  readonly fleetDocuments: Pick<FleetDocuments, "current" | "serial" | "knows" | "takeOver">;
  readonly envoyDocuments: Pick<EnvoyDocuments, "get" | "refresh">;
  readonly policy: PolicyDesk;
  readonly cloneTokens: CloneTokens;
  readonly manifest: ManifestExchange;
  readonly hints: PeerHints;
  readonly now: () => number;
  readonly logger: Logger;
  /** `checkin.interval`, in ms. */
  readonly intervalMs: number;
  /** Marks an envoy as used by two machines, durably. */
  readonly suspectClone: (state: EnvoyState) => Promise<void>;
  /** Ends a rename: the certificate that was shown carries the new name. */
  readonly settleRename: (state: EnvoyState, fingerprint: string) => Promise<void>;
  /** Told of each check-in, after what its envoy reported was noted and before what it is answered. */
  readonly onCheckIn: (state: EnvoyState) => void;
}

export type CheckInResult =
  | { readonly ok: true; readonly response: CheckInResponse }
  | { readonly ok: false; readonly refusal: RequestRefusal };

/**
 * Answers check-ins of envoys whose request was verified. When nothing changed it touches memory alone; what it saw goes to
 * the database in batches.
 */
export class CheckInService {
  /** Check-ins of this process by how they ended, for the metrics. */
  readonly counts = { no_change: 0, changed: 0, refused: 0 };
  readonly #options: CheckInServiceOptions;

  constructor(options: CheckInServiceOptions) {
    this.#options = options;
  }

  /** Answers one check-in, and counts how it ended. */
  async handle(
    state: EnvoyState,
    request: CheckInRequest,
    peer: PeerCertificate,
  ): Promise<CheckInResult> {
    const result = await this.#answer(state, request, peer);
    const end = !result.ok ? "refused" : result.response.noChange ? "no_change" : "changed";
    this.counts[end] += 1;
    return result;
  }

  async #answer(
    state: EnvoyState,
    request: CheckInRequest,
    peer: PeerCertificate,
  ): Promise<CheckInResult> {
    const { batcher, cloneTokens, fleetDocuments, now, intervalMs, policy } = this.#options;
    const nowMs = now();
    const overLimit = judgeCheckInLimits(request);
    if (overLimit !== undefined) return { ok: false, refusal: malformed(overLimit) };
    const traits = takeTraits(state, request);
    if (!traits.ok) return { ok: false, refusal: malformed(traits.reason) };

    const { uuid } = state.record;
    const counter = request.cloneToken.length === 0
      ? 0
      : cloneTokens.read(uuid, request.cloneToken);
    const clone = judgeCloneToken(state.cloneWindow, counter, nowMs);
    state.cloneWindow = clone.next;
    if (!clone.genuine && !state.record.suspectedClone) await this.#options.suspectClone(state);

    const reported = this.#note(state, request, nowMs);
    batcher.add(state);
    this.#options.onCheckIn(state);
    const { hostname, previousHostname } = state.record;
    const isOtherName = peer.identity.hostname !== hostname;
    if (previousHostname !== null && !isOtherName) {
      await this.#options.settleRename(state, peer.fingerprint);
    }

    const response: CheckInResponse = {
      noChange: true,
      wantTraits: traits.isStale,
      bundle: undefined,
      fleetDocument: undefined,
      envoyDocument: undefined,
      cloneToken: Buffer.from(cloneTokens.issue(uuid, clone.next.issued).buffer),
      intervalMs,
      wantFleetDocument: false,
      renewCertificate: isOtherName || isRenewalDue(peer, nowMs),
      manifestEntries: [],
      manifestPage: undefined,
      peers: [],
      serverTimeMs: nowMs,
      suspectedClone: state.record.suspectedClone,
      secretEpoch: policy.secretEpoch,
    };
    if (request.fleetSerial === fleetDocuments.serial) state.hasKnownFleetDocument = true;
    else await this.#compareFleetDocument(state, request, response);
    if (state.record.state !== "active") {
      return {
        ok: false,
        refusal: { reason: Refusal_Reason.REVOKED, message: `envoy ${uuid} is revoked` },
      };
    }
    await this.#compareEnvoyDocument(state, request, response, nowMs);
    this.#addSwarm(state, request, response);
    // Without the traits that hold now a policy would be resolved for another machine; they are on their way.
    if (traits.isStale) return changed(response);
    const answer = await policy.answer(state, {
      isForced: request.force,
      fingerprint: reported.fingerprint,
      bundleSerial: isPlausible(request.bundleSerial, nowMs) ? request.bundleSerial : 0,
      touched: traits.touched,
    });
    if (answer !== "no_change") {
      response.bundle = toMessage(answer.bundle);
      return changed(response);
    }
    if (policy.hasStaleSecrets(state, request.secretEpoch)) return changed(response);
    return { ok: true, response };
  }

  #note(state: EnvoyState, request: CheckInRequest, nowMs: number): Reported {
    const previous = state.reported;
    const { heartbeat } = request;
    this.#options.hints.noteAddress(previous?.swarmAddress, request.swarmAddress);
    if (request.droppedReports > 0) {
      this.#options.logger.warn("{hostname} dropped {count} run reports while offline", {
        hostname: state.record.hostname,
        count: request.droppedReports,
      });
    }
    state.reported = {
      lastSeenMs: nowMs,
      intervalMs: request.intervalMs,
      observedHostname: request.observedHostname,
      lanAddress: request.lanAddress,
      swarmAddress: request.swarmAddress,
      agentVersion: request.agentVersion,
      policyVersion: request.policyVersion,
      fingerprint: toHex(request.stateFingerprint),
      pausedReason: request.pausedReason,
      pausedUntilMs: request.pausedUntilMs,
      ...lastRunOf(state),
      bundleSerial: previous?.bundleSerial ?? 0,
      envoySerial: request.envoySerial,
    };
    if (heartbeat) this.#options.runs.noteHeartbeat(state, heartbeat);
    return state.reported;
  }

  async #compareFleetDocument(
    state: EnvoyState,
    request: CheckInRequest,
    response: CheckInResponse,
  ): Promise<void> {
    const { fleetDocuments, logger } = this.#options;
    const { heldFleetDocument, fleetSerial } = request;
    // 0: it holds none yet.
    if (fleetSerial !== 0 && !fleetDocuments.knows(fleetSerial)) {
      if (!heldFleetDocument) {
        response.wantFleetDocument = true;
        response.noChange = false;
        return;
      }
      const taken = await fleetDocuments.takeOver(heldFleetDocument);
      if (taken.ok) {
        logger.warn("Took over fleet document {serial} from {hostname}: this server was restored", {
          serial: fleetSerial,
          hostname: state.record.hostname,
          revoked: taken.revoked,
        });
      } else {
        logger.warn(
          "{hostname} shows fleet document {serial}, which is not of this server: {reason}",
          {
            hostname: state.record.hostname,
            serial: fleetSerial,
            reason: taken.reason,
          },
        );
      }
    }
    state.hasKnownFleetDocument = true;
    response.fleetDocument = toMessage(fleetDocuments.current.signed);
    response.noChange = false;
  }

  async #compareEnvoyDocument(
    state: EnvoyState,
    { envoySerial }: CheckInRequest,
    response: CheckInResponse,
    nowMs: number,
  ): Promise<void> {
    const { envoyDocuments } = this.#options;
    let current = envoyDocuments.get(state.record.uuid);
    if (current?.value.serial === envoySerial) return;
    if (!current || (envoySerial > current.value.serial && isPlausible(envoySerial, nowMs))) {
      current = await envoyDocuments.refresh(
        state.record,
        isPlausible(envoySerial, nowMs) ? envoySerial + 1 : 0,
      );
    }
    response.envoyDocument = toMessage(current.signed);
    response.noChange = false;
  }

  #addSwarm(state: EnvoyState, request: CheckInRequest, response: CheckInResponse): void {
    const { manifest, hints } = this.#options;
    if (request.manifestDigest.length !== SHA256_BYTES) return;
    if (request.manifestSince !== "") {
      const { next, isComplete, entries } = manifest.page(request.manifestSince);
      response.manifestPage = {
        since: request.manifestSince,
        next,
        isComplete,
        entries: entries.map((cell) => Buffer.from(cell)),
      };
    } else if (Buffer.compare(request.manifestDigest, manifest.digest()) !== 0) {
      response.manifestEntries = manifest.nextPage(state.record.uuid).map((cell) =>
        Buffer.from(cell)
      );
    }
    if (request.swarmAddress !== "") response.peers = hints.for(state);
  }
}

/** Whether a serial that an envoy claims to hold can be this server's, which stamps serials with its clock. */
function isPlausible(serial: number, nowMs: number): boolean {
  return serial <= nowMs + MAX_CLAIMED_AHEAD_MS;
}

type TakenTraits =
  | {
    readonly ok: true;
    readonly isStale: boolean;
    readonly touched: readonly string[] | undefined;
  }
  | { readonly ok: false; readonly reason: string };

function takeTraits(state: EnvoyState, request: CheckInRequest): TakenTraits {
  const { traits } = state;
  try {
    const touched = traits.mergeVolatile(request.volatileTraits);
    if (traits.hasStable(request.traitsDigest)) return { ok: true, isStale: false, touched };
    if (request.stableTraits.length === 0) return { ok: true, isStale: true, touched };
    traits.setStable(request.stableTraits, request.traitsDigest);
    return { ok: true, isStale: false, touched: undefined };
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError || error instanceof TypeError) {
      return { ok: false, reason: `traits are refused: ${error.message.slice(0, 200)}` };
    }
    throw error;
  }
}

function changed(response: CheckInResponse): CheckInResult {
  response.noChange = false;
  return { ok: true, response };
}

function toMessage({ payload, signature }: SignedBytes): SignedDocument {
  return { payload: Buffer.from(payload), signature: Buffer.from(signature) };
}

function toHex(bytes: Buffer): string {
  return bytes.toString("hex");
}
