import type { Json } from "../../shared/canonical/canonical_json.ts";
import { SIGNED_METHODS } from "../../shared/canonical/envoy_frames.ts";
import type { Opened, SignedBytes } from "../../shared/canonical/signed_document.ts";
import { CheckInRequest, CheckInResponse } from "../../shared/proto/agent.ts";
import { readPause } from "../store/pause.ts";
import type { TraitSnapshot } from "../traits/trait_keeper.ts";
import { encodeStableTraits } from "../traits/traits_digest.ts";
import { buildCheckIn } from "./build_check_in.ts";
import type { CycleParts } from "./cycle_parts.ts";
import type { SwarmFacts } from "./swarm_facts.ts";
import { formatEndpoint } from "../runtime/format_endpoint.ts";
import { readHeartbeat } from "./run_summary.ts";
import type { CallFailure } from "../server_link/server_gateway.ts";

/** What came of a check-in. */
export type CheckInResult =
  | { readonly ok: true; readonly answer: CheckInResponse; readonly refusedBundle?: string }
  | { readonly ok: false; readonly failure: CallFailure };

/** Answers in a row to one check-in: the first, one with the traits, one with the fleet document it asked for. */
const MAX_ROUNDS = 3;
/** Difference to the server's clock that is not worth a correction: transport and rounding. */
const CLOCK_TOLERANCE_MS = 1_000;

const CHECK_IN = SIGNED_METHODS[0];

/** What a check-in needs of a cycle. */
export type CheckInParts = Pick<
  CycleParts,
  | "agentVersion"
  | "db"
  | "held"
  | "caller"
  | "secrets"
  | "log"
  | "nowMs"
  | "intervalMs"
  | "observedHostname"
  | "lanAddress"
  | "swarm"
  | "onAnswer"
>;

/**
 * Tells the server how things are and takes what it answers: clock, documents, policy bundle. What is taken is durable before
 * anybody hears of the answer; the clone token comes first, since the next request must present it.
 */
export class CheckIn {
  readonly #parts: CheckInParts;
  /** Volatile traits that the server has from this process. */
  #acknowledged: Readonly<Record<string, Json>> = {};

  constructor(parts: CheckInParts) {
    this.#parts = parts;
  }

  /** Sends all volatile traits with the next check-in, as when the server may have forgotten them. */
  forgetAcknowledged(): void {
    this.#acknowledged = {};
  }

  async perform(snapshot: TraitSnapshot, force: boolean): Promise<CheckInResult> {
    const { db, held, caller, log } = this.#parts;
    const stable = encodeStableTraits(snapshot.stable);
    const lanAddress = await this.#parts.lanAddress();
    let sendsStable = false;
    let sendsFleet = false;
    for (let round = 1;; round++) {
      const droppedReports = db.fact("droppedReports") ?? 0;
      const bundle = held.bundle()?.value;
      const fleet = held.fleet();
      const heartbeat = readHeartbeat(db.fact("heartbeat"));
      const swarm = this.#parts.swarm();
      const body = CheckInRequest.encode(buildCheckIn({
        agentVersion: this.#parts.agentVersion,
        observedHostname: this.#parts.observedHostname(),
        lanAddress,
        intervalMs: this.#parts.intervalMs(),
        ...(bundle ? { bundle } : {}),
        stable,
        sendsStable,
        volatile: snapshot.volatile,
        acknowledged: this.#acknowledged,
        fleetSerial: fleet?.value.serial ?? 0,
        envoySerial: held.envoy()?.value.serial ?? 0,
        cloneToken: db.fact("cloneToken") ?? new Uint8Array(),
        ...(sendsFleet && fleet ? { heldFleetDocument: fleet.signed } : {}),
        ...(heartbeat ? { heartbeat } : {}),
        droppedReports,
        force,
        secretEpoch: this.#parts.secrets.epoch,
        manifestDigest: swarm.manifestDigest,
        manifestSince: swarm.manifestSince,
        swarmAddress: swarmAddress(swarm, lanAddress),
        pause: readPause(db, this.#parts.nowMs()),
      })).finish();
      const askedAtMs = this.#parts.nowMs();
      const outcome = await caller.call(CHECK_IN, body);
      if (!outcome.ok) return outcome;
      const answeredAtMs = this.#parts.nowMs();
      let answer: CheckInResponse;
      try {
        answer = CheckInResponse.decode(outcome.value);
      } catch (error) {
        const message = `the answer to a check-in cannot be read: ${
          error instanceof Error ? error.message : error
        }`;
        return { ok: false, failure: { message, clockSuspected: false } };
      }
      // The token first: whatever the answer says may lead to another request.
      db.setFacts({
        cloneToken: new Uint8Array(answer.cloneToken),
        lastAnsweredAtMs: answeredAtMs,
        intervalMs: answer.intervalMs,
        droppedReports: Math.max(0, (db.fact("droppedReports") ?? 0) - droppedReports),
      });
      this.#acknowledged = { ...this.#acknowledged, ...snapshot.volatile };
      this.#correctClock(answer.serverTimeMs, (askedAtMs + answeredAtMs) / 2);
      const refusedBundle = this.#takeDocuments(answer);
      this.#parts.onAnswer?.(answer);
      const asksMore = answer.wantTraits || answer.wantFleetDocument;
      const said = { ok: true, answer, ...(refusedBundle ? { refusedBundle } : {}) } as const;
      if (!asksMore) return said;
      if (round === MAX_ROUNDS) {
        log.warn("server keeps asking for more; leaving it for the next check-in");
        return said;
      }
      sendsStable ||= answer.wantTraits;
      sendsFleet ||= answer.wantFleetDocument;
      if (answer.wantTraits) this.#acknowledged = {};
    }
  }

  /** The channel is authenticated both ways, so its clock needs no signature of its own here. */
  #correctClock(serverTimeMs: number, localMs: number): void {
    const { caller, log } = this.#parts;
    if (serverTimeMs === 0) return;
    const offsetMs = Math.round(serverTimeMs - localMs);
    if (Math.abs(offsetMs - caller.clockOffsetMs) <= CLOCK_TOLERANCE_MS) return;
    const kept = Math.abs(offsetMs) <= CLOCK_TOLERANCE_MS ? 0 : offsetMs;
    if (kept !== 0) log.warn("clock differs from the server's", { offsetMs });
    caller.correctClock(kept);
  }

  /** @returns why a bundle was refused. */
  #takeDocuments(answer: CheckInResponse): string | undefined {
    const { held, log } = this.#parts;
    const take = <T>(
      what: string,
      signed: SignedBytes | undefined,
      keep: (signed: SignedBytes) => Opened<T>,
    ) => {
      if (!signed) return undefined;
      const verdict = keep(signed);
      if (verdict.ok) {
        log.info(`${what} accepted`, describe(verdict.value));
        return undefined;
      }
      log.error(`${what} refused`, { reason: verdict.reason });
      return verdict.reason;
    };
    take("fleet document", answer.fleetDocument, (signed) => held.takeFleet(signed));
    take("envoy document", answer.envoyDocument, (signed) => held.takeEnvoy(signed));
    return take("policy bundle", answer.bundle, (signed) => held.takeBundle(signed));
  }
}

function swarmAddress({ port, announced }: SwarmFacts, lanAddress: string): string {
  if (port === 0) return "";
  return announced || (lanAddress === "" ? "" : formatEndpoint(lanAddress, port));
}

function describe(value: unknown): Record<string, unknown> {
  const { serial, policyVersion } = Object(value);
  return policyVersion === undefined ? { serial } : { serial, policyVersion };
}
