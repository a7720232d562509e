import type { PeerIdentity } from "./peer_identity.ts";

/** Where a peer server listens. */
export interface PeerEndpoint {
  readonly address: string;
  readonly port: number;
}

/** How an address came to be known. */
export type PeerSource = "multicast" | "exchange" | "server" | "inbound" | "remembered";

/** A peer that proved who it is at this address. */
export interface ProvenPeer extends PeerIdentity, PeerEndpoint {
  readonly source: PeerSource;
  readonly provenMs: number;
  readonly failures: number;
}

/** Peers remembered; more than any LAN has, and all of them fit into a small file. */
export const MAX_PEERS = 2000;
/** Addresses waiting for their first dial. */
const MAX_CANDIDATES = 1000;
/** An unproven address is dialled at most once in this time. */
export const REDIAL_MS = 60_000;
/** Unproven addresses dialled in all within {@linkcode REDIAL_MS}. */
export const MAX_DIALS_PER_MINUTE = 16;
/** A peer that failed this often in a row is forgotten until somebody names it again. */
const MAX_FAILURES = 8;

/** Named by somebody with a certificate or by the server, or proven before: dialled without counting. */
const VOUCHED: readonly PeerSource[] = ["inbound", "server", "remembered"];

interface Candidate extends PeerEndpoint {
  /** Who named it first. */
  readonly source: PeerSource;
}

/** Who is out there: proven peers by UUID, and addresses that somebody named. Pure; time goes in. */
export class PeerRegistry {
  readonly #proven = new Map<string, ProvenPeer>();
  readonly #byEndpoint = new Map<string, string>();
  readonly #candidates = new Map<string, Candidate>();
  /** Candidates that somebody vouched for. */
  readonly #vouched = new Set<string>();
  readonly #dialled = new Map<string, { readonly nowMs: number; readonly isFree: boolean }>();

  get size(): number {
    return this.#proven.size;
  }

  all(): ProvenPeer[] {
    return [...this.#proven.values()];
  }

  get(uuid: string): ProvenPeer | undefined {
    return this.#proven.get(uuid);
  }

  at(endpoint: PeerEndpoint): ProvenPeer | undefined {
    return this.#proven.get(this.#byEndpoint.get(endpointKey(endpoint)) ?? "");
  }

  /** Notes an address that somebody named. Says whether that is news, so that a dial may be worthwhile. */
  suggest(endpoint: PeerEndpoint, source: PeerSource): boolean {
    const key = endpointKey(endpoint);
    if (this.#byEndpoint.has(key)) return false;
    const isVouchedNow = VOUCHED.includes(source) && !this.#vouched.has(key);
    if (this.#candidates.has(key)) {
      if (isVouchedNow) this.#vouched.add(key);
      return isVouchedNow;
    }
    if (this.#candidates.size >= MAX_CANDIDATES) return false;
    this.#candidates.set(key, { address: endpoint.address, port: endpoint.port, source });
    if (isVouchedNow) this.#vouched.add(key);
    return true;
  }

  /** The addresses to dial now, within the limits; they count as dialled. */
  takeDialable(nowMs: number): Candidate[] {
    for (const [key, dialled] of this.#dialled) {
      if (nowMs - dialled.nowMs >= REDIAL_MS) this.#dialled.delete(key);
    }
    const taken: Candidate[] = [];
    let limited = [...this.#dialled.values()].filter(({ isFree }) => !isFree).length;
    for (const [key, candidate] of this.#candidates) {
      const isFree = this.#vouched.has(key);
      if (!isFree && limited >= MAX_DIALS_PER_MINUTE) continue;
      this.#forgetCandidate(key);
      if (this.#dialled.has(key)) continue;
      this.#dialled.set(key, { nowMs, isFree });
      if (!isFree) limited += 1;
      taken.push(candidate);
    }
    return taken;
  }

  /** Notes that a peer proved itself at an address. Says whether it was not known there. */
  prove(
    identity: PeerIdentity,
    endpoint: PeerEndpoint,
    source: PeerSource,
    nowMs: number,
  ): boolean {
    const known = this.#proven.get(identity.uuid);
    const isNews = !known || endpointKey(known) !== endpointKey(endpoint);
    if (known && isNews) this.#byEndpoint.delete(endpointKey(known));
    if (!known && this.#proven.size >= MAX_PEERS) this.#forgetOldest();
    const formerUuid = this.#byEndpoint.get(endpointKey(endpoint));
    if (formerUuid !== undefined && formerUuid !== identity.uuid) this.#proven.delete(formerUuid);
    this.#proven.set(identity.uuid, {
      uuid: identity.uuid,
      hostname: identity.hostname,
      fingerprint: identity.fingerprint,
      address: endpoint.address,
      port: endpoint.port,
      source: isNews ? source : known.source,
      provenMs: nowMs,
      failures: 0,
    });
    this.#byEndpoint.set(endpointKey(endpoint), identity.uuid);
    this.#forgetCandidate(endpointKey(endpoint));
    return isNews;
  }

  /** Notes that a proven peer did not answer. */
  noteFailure(uuid: string): void {
    const known = this.#proven.get(uuid);
    if (!known) return;
    if (known.failures + 1 >= MAX_FAILURES) this.remove(uuid);
    else this.#proven.set(uuid, { ...known, failures: known.failures + 1 });
  }

  remove(uuid: string): void {
    const known = this.#proven.get(uuid);
    if (!known) return;
    this.#proven.delete(uuid);
    this.#byEndpoint.delete(endpointKey(known));
  }

  #forgetCandidate(key: string): void {
    this.#candidates.delete(key);
    this.#vouched.delete(key);
  }

  #forgetOldest(): void {
    let oldest: ProvenPeer | undefined;
    for (const peer of this.#proven.values()) {
      if (!oldest || peer.provenMs < oldest.provenMs) oldest = peer;
    }
    if (oldest) this.remove(oldest.uuid);
  }
}

/** `address:port`, as it is announced and written. */
export function endpointKey({ address, port }: PeerEndpoint): string {
  return `${address}:${port}`;
}
