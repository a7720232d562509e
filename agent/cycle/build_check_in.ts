import { Buffer } from "node:buffer";
import type { Pause } from "../store/pause.ts";
import { canonicalJson, type Json } from "../../shared/canonical/canonical_json.ts";
import type { SignedBytes } from "../../shared/canonical/signed_document.ts";
import type { CheckInRequest, RunHeartbeat } from "../../shared/proto/agent.ts";

/** Everything that a check-in tells, before it is bytes. */
export interface CheckInFacts {
  readonly agentVersion: string;
  readonly observedHostname: string;
  readonly lanAddress: string;
  readonly intervalMs: number;
  /** Of the bundle last accepted. */
  readonly bundle?: {
    readonly policyVersion: string;
    readonly root: string;
    readonly serial: number;
  };
  readonly stable: { readonly bytes: Uint8Array; readonly digest: Uint8Array };
  readonly sendsStable: boolean;
  readonly volatile: Readonly<Record<string, Json>>;
  /** Volatile traits of the last answered check-in of this process. */
  readonly acknowledged: Readonly<Record<string, Json>>;
  readonly fleetSerial: number;
  readonly envoySerial: number;
  readonly cloneToken: Uint8Array;
  readonly heldFleetDocument?: SignedBytes;
  readonly heartbeat?: RunHeartbeat;
  readonly droppedReports: number;
  readonly force: boolean;
  /** Of the secrets held; 0 while none are, or not all. */
  readonly secretEpoch: number;
  readonly manifestDigest: Uint8Array;
  readonly manifestSince: string;
  readonly swarmAddress: string;
  /** Set while nothing is applied because somebody said so. */
  readonly pause?: Pause | undefined;
}

/** The request body of a check-in. */
export function buildCheckIn(facts: CheckInFacts): CheckInRequest {
  const changed = changedTraits(facts.volatile, facts.acknowledged);
  return {
    agentVersion: facts.agentVersion,
    observedHostname: facts.observedHostname,
    lanAddress: facts.lanAddress,
    intervalMs: facts.intervalMs,
    policyVersion: facts.bundle?.policyVersion ?? "",
    stateFingerprint: Buffer.from(facts.bundle?.root ?? "", "hex"),
    bundleSerial: facts.bundle?.serial ?? 0,
    traitsDigest: Buffer.from(facts.stable.digest),
    stableTraits: facts.sendsStable ? Buffer.from(facts.stable.bytes) : Buffer.alloc(0),
    volatileTraits: Object.keys(changed).length > 0
      ? Buffer.from(canonicalJson(changed))
      : Buffer.alloc(0),
    fleetSerial: facts.fleetSerial,
    envoySerial: facts.envoySerial,
    cloneToken: Buffer.from(facts.cloneToken),
    heldFleetDocument: facts.heldFleetDocument && {
      payload: Buffer.from(facts.heldFleetDocument.payload),
      signature: Buffer.from(facts.heldFleetDocument.signature),
    },
    heartbeat: facts.heartbeat,
    droppedReports: facts.droppedReports,
    force: facts.force,
    pausedReason: facts.pause === undefined ? "" : `${facts.pause.by}: ${facts.pause.reason}`,
    pausedUntilMs: facts.pause?.untilMs ?? 0,
    secretEpoch: facts.secretEpoch,
    manifestDigest: Buffer.from(facts.manifestDigest),
    manifestSince: facts.manifestSince,
    swarmAddress: facts.swarmAddress,
  };
}

/** The collectors whose answer differs from what the server has. One that failed is not named: nothing is known of it. */
export function changedTraits(
  current: Readonly<Record<string, Json>>,
  acknowledged: Readonly<Record<string, Json>>,
): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(current).filter(([name, value]) => {
      const known = acknowledged[name];
      return known === undefined || canonicalJson(known) !== canonicalJson(value);
    }),
  );
}
