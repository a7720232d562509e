import type { SignedBytes } from "../../shared/crypto/signed_document.ts";
import type { RunReport } from "../../shared/config/run_report.ts";
import type { AuditRecord } from "../../shared/rest/audit.ts";
import type { ConfigVersion } from "../../shared/rest/config.ts";
import type { RunSummary } from "../../shared/rest/runs.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";

/** An enrolled machine, as it is kept. `hostname` is the one bound at enrolment and unique among active envoys. */
export interface EnvoyRecord {
  readonly uuid: string;
  readonly hostname: string;
  /** ed25519 public key, hex. */
  readonly signingKey: string;
  readonly state: "active" | "revoked";
  readonly enrolledAtMs: number;
  readonly revokedAtMs: number | null;
  readonly tags: Readonly<Record<string, string>>;
  /** Rises when tags change. */
  readonly tagRevision: number;
  readonly suspectedClone: boolean;
}

/** What an envoy last said of itself; written in batches, so up to 10 s of it may be lost in a crash and are said again. */
export interface EnvoyObservation {
  readonly uuid: string;
  readonly lastSeenMs: number;
  readonly intervalMs: number;
  readonly observedHostname: string;
  readonly lanAddress: string;
  readonly swarmAddress: string;
  readonly agentVersion: string;
  readonly policyVersion: string;
  /** Merkle root last reported, hex; empty before the first. */
  readonly fingerprint: string;
  readonly pausedReason: string;
  /** Canonical JSON. */
  readonly stableTraits: string;
  readonly volatileTraits: string;
  /** The newest clone token issued. */
  readonly cloneCounter: number;
  readonly convergence: "Converged" | "Degraded" | "Failed" | "NoData";
  readonly bundleSerial: number;
  readonly envoySerial: number;
}

export interface EnvoyRepository {
  /** Adds a new envoy; `{ ok: false }` if an active one already has the hostname, or the UUID is known. */
  add(envoy: EnvoyRecord): Promise<{ ok: true } | { ok: false; reason: "hostname" | "uuid" }>;
  find(uuid: string): Promise<EnvoyRecord | undefined>;
  findActiveByHostname(hostname: string): Promise<EnvoyRecord | undefined>;
  list(): Promise<EnvoyRecord[]>;
  revoke(uuid: string, atMs: number): Promise<boolean>;
  setTags(uuid: string, tags: Readonly<Record<string, string>>): Promise<void>;
  setSuspectedClone(uuid: string, suspected: boolean): Promise<void>;
  /** Writes many observations in one transaction. */
  saveObservations(observations: readonly EnvoyObservation[]): Promise<void>;
  listObservations(): Promise<EnvoyObservation[]>;
}

/** A certificate that the fleet's CA issued to an envoy. */
export interface CertificateRecord {
  /** SHA-256 of the DER, hex. */
  readonly fingerprint: string;
  readonly envoyUuid: string;
  readonly notAfterMs: number;
  readonly revokedAtMs: number | null;
}

export interface CertificateRepository {
  add(certificate: CertificateRecord): Promise<void>;
  listByEnvoy(envoyUuid: string): Promise<CertificateRecord[]>;
  /** Every revoked certificate whose expiry lies after `afterMs`. */
  listRevoked(afterMs: number): Promise<CertificateRecord[]>;
  revokeByEnvoy(envoyUuid: string, atMs: number): Promise<void>;
}

/** An enrolment token; only the SHA-256 (hex) of its text is kept. */
export interface EnrollTokenRecord {
  readonly hash: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly uses: number;
  readonly usesLeft: number;
  readonly hostname: string | null;
  readonly replace: boolean;
  readonly createdBy: string;
  readonly revokedAtMs: number | null;
}

/** The answer to an enrolment, kept for ten minutes, so that a lost answer can be asked for again. */
export interface EnrollAnswerRecord {
  readonly tokenHash: string;
  /** SHA-256 over ed25519 key and CSR, hex. */
  readonly requestHash: string;
  readonly envoyUuid: string;
  readonly certificatePem: string;
  readonly expiresAtMs: number;
}

export interface EnrollTokenRepository {
  add(token: EnrollTokenRecord): Promise<void>;
  find(hash: string): Promise<EnrollTokenRecord | undefined>;
  list(): Promise<EnrollTokenRecord[]>;
  /** Takes one use away if one is left; false otherwise. Atomic. */
  use(hash: string): Promise<boolean>;
  revoke(hash: string, atMs: number): Promise<boolean>;
  saveAnswer(answer: EnrollAnswerRecord): Promise<void>;
  findAnswer(tokenHash: string, requestHash: string): Promise<EnrollAnswerRecord | undefined>;
  pruneAnswers(beforeMs: number): Promise<void>;
}

export interface RunRepository {
  /** Stores a run once, durably; a second call with the same run id changes nothing and answers false. */
  add(run: { summary: RunSummary; report: RunReport }): Promise<boolean>;
  find(runId: string): Promise<{ summary: RunSummary; report: RunReport } | undefined>;
  /**
   * Newest first. The cursor is opaque.
   *
   * @throws {CursorError} if the cursor is not one that a page came with.
   */
  list(filter: {
    envoyUuid?: string;
    failed?: boolean;
    limit: number;
    cursor?: string;
  }): Promise<{ runs: RunSummary[]; nextCursor: string | null }>;
  prune(beforeMs: number): Promise<number>;
}

export interface AuditRepository {
  /** The last record, which the next one chains to. */
  head(): Promise<AuditRecord | undefined>;
  /** @throws {SequenceTakenError} if `seq` is taken: two writers never fork the chain. */
  append(record: AuditRecord): Promise<void>;
  list(filter: { limit: number; before?: number }): Promise<AuditRecord[]>;
  /** Oldest first, in pages, for verification. */
  readFrom(seq: number, limit: number): Promise<AuditRecord[]>;
  saveSignedHead(head: { seq: number; document: SignedBytes }): Promise<void>;
  lastSignedHead(): Promise<{ seq: number; document: SignedBytes } | undefined>;
}

/** Small facts of the fleet that must rise or stay across restarts, by name: `fleet_serial`, `fleet_document`. */
export interface FactRepository {
  get(name: string): Promise<string | undefined>;
  set(name: string, value: string): Promise<void>;
}

export interface ConfigVersionRepository {
  /** A live version ends that of the one before. */
  append(version: ConfigVersion): Promise<void>;
  /** Newest first. */
  list(limit: number): Promise<ConfigVersion[]>;
}

export interface ManifestRepository {
  /** Keeps of each cell (blob, author) the entry with the highest stamp, in one transaction. */
  saveAll(entries: readonly ManifestEntry[]): Promise<void>;
  list(): Promise<ManifestEntry[]>;
  remove(cells: readonly { sha256: string; author: string }[]): Promise<void>;
}

/** Everything the server keeps. One contract suite (store_contract_suite.ts) tests every implementation. */
export interface Store {
  readonly envoys: EnvoyRepository;
  readonly certificates: CertificateRepository;
  readonly enrollTokens: EnrollTokenRepository;
  readonly runs: RunRepository;
  readonly audit: AuditRepository;
  readonly facts: FactRepository;
  readonly configVersions: ConfigVersionRepository;
  readonly manifest: ManifestRepository;
  /**
   * All or nothing; the work sees its own writes, and nothing else runs meanwhile. Not to be nested: inside, use the store
   * that the work is given, never this one, which waits for the transaction to end.
   */
  transaction<T>(work: (store: Store) => Promise<T>): Promise<T>;
  /** Problems found by the database's own check; empty when sound. */
  integrity(): Promise<string[]>;
  close(): Promise<void>;
}
