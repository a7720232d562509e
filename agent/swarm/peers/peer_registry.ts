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
/** A peer that failed this often in a row is no peer any more; its address is tried again ever less often. */
const MAX_FAILURES = 8;
/** Longest pause between two tries of an address where a peer once was. */
const MAX_RETRY_MS = 60 * 60_000;
/** An address that the server named is tried this often, in case the machine was only starting. */
const SERVER_TRIES = 6;
/** A peer that was silent this long is forgotten. */
export const MAX_ABSENCE_MS = 7 * 86_400_000;

/** Named by somebody with a certificate or by the server, or proven before: dialled without counting. */
const VOUCHED: readonly PeerSource[] = ["inbound", "server", "remembered"];

/** What `peers.json` keeps of a peer. */
export type KnownPeer = Pick<
  ProvenPeer,
  "uuid" | "hostname" | "source" | "provenMs" | keyof PeerEndpoint
>;

/** An address to dial. */
export interface Candidate extends PeerEndpoint {
  /** Who named it first. */
  readonly source: PeerSource;
  /** How often it was dialled in vain since. */
  readonly tries: number;
}

interface Waiting extends Candidate {
  readonly notBeforeMs: number;
  /** Its owner has just called from there, so there is somebody to answer. */
  readonly isCaller: boolean;
}

interface Dialled {
  readonly nowMs: number;
  /** Somebody vouched for the address: it does not count. */
  readonly isFree: boolean;
  readonly isCaller: boolean;
}

/** Who is out there: proven peers by UUID, and addresses that somebody named. Pure; time goes in. */
export class PeerRegistry {
  readonly #proven = new Map<string, ProvenPeer>();
  readonly #byEndpoint = new Map<string, string>();
  readonly #candidates = new Map<string, Waiting>();
  /** Candidates that somebody vouched for. */
  readonly #vouched = new Set<string>();
  /** Peers of before that do not answer now, by UUID. */
  readonly #absent = new Map<string, KnownPeer>();
  readonly #dialled = new Map<string, Dialled>();

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
    const isCaller = source === "inbound";
    const known = this.#candidates.get(key);
    if (known) {
      if (isVouchedNow) this.#vouched.add(key);
      const isCallerNow = isCaller && !known.isCaller;
      if (isCallerNow) {
        this.#candidates.set(key, { ...known, isCaller, notBeforeMs: -Infinity });
      }
      return isVouchedNow || isCallerNow;
    }
    if (this.#candidates.size >= MAX_CANDIDATES && !this.#makeRoom(isVouchedNow)) return false;
    const { address, port } = endpoint;
    this.#candidates.set(key, {
      address,
      port,
      source,
      tries: 0,
      notBeforeMs: -Infinity,
      isCaller,
    });
    if (isVouchedNow) this.#vouched.add(key);
    return true;
  }

  /** Notes a peer of the last run, which is dialled until it answers or was silent too long. */
  remember(peer: KnownPeer): void {
    if (this.#absent.size >= MAX_PEERS) return;
    this.#absent.set(peer.uuid, peer);
    this.suggest(peer, "remembered");
  }

  /** Peers of before that do not answer now. */
  absent(): KnownPeer[] {
    return [...this.#absent.values()];
  }

  /**
   * The addresses to dial now, within the limits; they count as dialled.
   *
   * @param probes how many of them may be addresses where a peer once was: many of those may be silent.
   */
  takeDialable(nowMs: number, probes = Infinity): Candidate[] {
    for (const [key, dialled] of this.#dialled) {
      if (nowMs - dialled.nowMs >= REDIAL_MS) this.#dialled.delete(key);
    }
    const taken: Candidate[] = [];
    let limited = [...this.#dialled.values()].filter(({ isFree }) => !isFree).length;
    let probing = 0;
    for (const [key, waiting] of this.#candidates) {
      const { notBeforeMs, isCaller, source } = waiting;
      const dialled = this.#dialled.get(key);
      // Who calls was not there before, or could not be reached: once, that does not wait for the minute's end.
      const isEarly = dialled !== undefined && (!isCaller || dialled.isCaller);
      const isFree = this.#vouched.has(key);
      const isProbe = source === "remembered";
      if (notBeforeMs > nowMs || (isProbe && probing >= probes)) continue;
      if (!isFree && limited >= MAX_DIALS_PER_MINUTE) continue;
      // What somebody vouched for waits until its minute is over.
      if (isEarly && isFree) continue;
      this.#forgetCandidate(key);
      if (isEarly) continue;
      // What was dialled within the limit still counts when it is called back: it may call before it has answered.
      const isCounted = dialled?.isFree === false;
      this.#dialled.set(key, { nowMs, isFree: isFree && !isCounted, isCaller });
      if (!isFree) limited += 1;
      if (isProbe) probing += 1;
      const { address, port, tries } = waiting;
      taken.push({ address, port, source, tries });
    }
    return taken;
  }

  /** Nobody of this fleet answered a dial. Where a peer was before, or the server says one is, is tried again later. */
  noteUnanswered({ source, tries, ...endpoint }: Candidate, nowMs: number): void {
    const key = endpointKey(endpoint);
    if (this.#byEndpoint.has(key) || this.#candidates.has(key)) return;
    for (const { uuid, provenMs } of this.#absent.values()) {
      if (nowMs - provenMs > MAX_ABSENCE_MS) this.#absent.delete(uuid);
    }
    const isAgain = source === "remembered"
      ? [...this.#absent.values()].some((peer) => endpointKey(peer) === key)
      : source === "server" && tries + 1 < SERVER_TRIES;
    if (!isAgain) return;
    const notBeforeMs = nowMs + Math.min(MAX_RETRY_MS, REDIAL_MS * 2 ** tries);
    const isCaller = false;
    this.#candidates.set(key, { ...endpoint, source, tries: tries + 1, notBeforeMs, isCaller });
    this.#vouched.add(key);
  }

  /** Notes that a peer proved itself at an address. Says whether it was not known there. */
  prove(
    identity: PeerIdentity,
    endpoint: PeerEndpoint,
    source: PeerSource,
    nowMs: number,
  ): boolean {
    const known = this.#proven.get(identity.uuid);
    this.#endAbsence(identity.uuid);
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
    if (known.failures + 1 < MAX_FAILURES) {
      this.#proven.set(uuid, { ...known, failures: known.failures + 1 });
      return;
    }
    this.remove(uuid);
    this.remember(known);
  }

  /** Forgets a peer for good. */
  remove(uuid: string): void {
    this.#endAbsence(uuid);
    const known = this.#proven.get(uuid);
    if (!known) return;
    this.#proven.delete(uuid);
    this.#byEndpoint.delete(endpointKey(known));
  }

  #endAbsence(uuid: string): void {
    const absent = this.#absent.get(uuid);
    if (!absent) return;
    this.#absent.delete(uuid);
    this.#forgetCandidate(endpointKey(absent));
  }

  /** What nobody vouched for goes first, so that a flood of it keeps nobody else out. */
  #makeRoom(isVouched: boolean): boolean {
    if (!isVouched) return false;
    for (const key of this.#candidates.keys()) {
      if (this.#vouched.has(key)) continue;
      this.#candidates.delete(key);
      return true;
    }
    return this.#candidates.size < 2 * MAX_PEERS;
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
