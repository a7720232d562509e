import type { BundleResource } from "../../shared/config/policy_bundle.ts";
import type { SignedBytes } from "../../shared/canonical/signed_document.ts";
import type { RunReport } from "../../shared/config/run_report.ts";
import type { AuditRecord } from "../../shared/rest/audit.ts";
import type { ConfigVersion } from "../../shared/rest/config.ts";
import type { Minute } from "../../shared/rest/fleet.ts";
import type { RunSummary } from "../../shared/rest/runs.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import type { QueueRepository } from "./queue_store.ts";
import type { TaskRepository } from "./task_store.ts";
import type { WorkflowRepository } from "./workflow_store.ts";
import type { PeopleRepositories } from "./people_store.ts";
import type { DamagedRecordError } from "./store_error.ts";

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
  /** The name before a rename, until a certificate of the new name is in use. */
  readonly previousHostname: string | null;
  /** When a revoked envoy was taken out of every list. The record stays: its identity must never come back. */
  readonly removedAtMs: number | null;
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
  /** Empty while it is not paused. */
  readonly pausedReason: string;
  /** When the pause ends by itself, by the envoy's clock; 0 for one that does not. */
  readonly pausedUntilMs: number;
  /** Canonical JSON. */
  readonly stableTraits: string;
  readonly volatileTraits: string;
  /** The newest clone token issued. */
  readonly cloneCounter: number;
  /** What its last run came to; `NoData` before the first. */
  readonly convergence: "Converged" | "Degraded" | "Failed" | "NoData";
  /** Number of that run, which rises with each; 0 before the first. */
  readonly runSerial: number;
  /** Root of the bundle that it applied, hex. */
  readonly runRoot: string;
  /** By the envoy's clock. */
  readonly runFinishedAtMs: number;
  /** Runs in a row, up to that one, that changed something. */
  readonly changeStreak: number;
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
  /** Binds an active envoy to another hostname; false if an active one has it, or the envoy is not active. */
  rename(uuid: string, hostname: string): Promise<boolean>;
  /** Forgets the name before the rename. */
  settleRename(uuid: string): Promise<void>;
  /** Takes a revoked envoy out of the lists, and what was observed of it; false unless it is revoked and was still there. */
  remove(uuid: string, atMs: number): Promise<boolean>;
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
  /** Revokes all certificates of an envoy but one; answers how many were not revoked before. */
  revokeOthers(envoyUuid: string, fingerprint: string, atMs: number): Promise<number>;
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

/** A run as it is kept. */
export interface StoredRun {
  readonly summary: RunSummary;
  readonly report: RunReport;
}

/** Which runs are asked for. */
export interface RunFilter {
  /** Of these envoys alone. */
  readonly envoyUuids?: ReadonlySet<string>;
  /** That came to one of these alone. */
  readonly outcomes?: ReadonlySet<RunSummary["outcome"]>;
  /** That began at this time or later. */
  readonly sinceMs?: number;
  readonly limit: number;
  readonly cursor?: string;
}

export interface RunRepository {
  /** Stores a run once, durably; a second call with the same run id changes nothing and answers false. */
  add(run: StoredRun): Promise<boolean>;
  find(runId: string): Promise<StoredRun | undefined>;
  /**
   * Newest first. The cursor is opaque.
   *
   * @throws {CursorError} if the cursor is not one that a page came with.
   */
  list(filter: RunFilter): Promise<{ runs: RunSummary[]; nextCursor: string | null }>;
  /** Removes at most `limit` runs that were received before; answers how many. */
  prune(beforeMs: number, limit: number): Promise<number>;
}

/** What an envoy was sent: the resources of one Merkle root, whoever else has the same. */
export interface StoredBundle {
  /** Hex. */
  readonly root: string;
  readonly policyVersion: string;
  readonly resources: readonly BundleResource[];
}

export interface BundleRepository {
  /** Keeps bundles by their root; of one that is known only the time of its use is written. */
  saveAll(bundles: readonly StoredBundle[], atMs: number): Promise<void>;
  find(root: string): Promise<StoredBundle | undefined>;
  /** Removes at most `limit` bundles that were used before, by no run that is kept, and that no envoy holds. */
  prune(beforeMs: number, limit: number): Promise<number>;
}

export interface MinuteRepository {
  /** Writes a row; into one that is there the counts are added, and the states replaced. */
  add(row: Minute): Promise<void>;
  /** Oldest first, from a minute on. */
  list(sinceMs: number, limit: number): Promise<Minute[]>;
  prune(beforeMs: number): Promise<number>;
}

/** A head of the audit chain as it was signed. */
export interface SignedAuditHead {
  readonly seq: number;
  readonly document: SignedBytes;
}

/** Which audit records are asked for. */
export interface AuditFilter {
  readonly limit: number;
  /** Older than this sequence. */
  readonly before?: number;
  readonly principal?: string;
  /** How the action begins. */
  readonly action?: string;
  /** That were made at this time or later. */
  readonly sinceMs?: number;
}

export interface AuditRepository {
  /** What the next record chains to: the last one, as far as that is needed, so that a damaged record ends no work. */
  head(): Promise<Pick<AuditRecord, "seq" | "hash"> | undefined>;
  /** @throws {SequenceTakenError} if `seq` is taken: two writers never fork the chain. */
  append(record: AuditRecord): Promise<void>;
  /**
   * Newest first.
   *
   * @param onDamaged hears of each row that cannot be read, which counts for `limit`; without it such a row is thrown.
   * @throws {DamagedRecordError} naming the first of them.
   */
  list(
    filter: AuditFilter,
    onDamaged?: (error: DamagedRecordError) => void,
  ): Promise<AuditRecord[]>;
  /** Oldest first, in pages, for verification. */
  readFrom(seq: number, limit: number): Promise<AuditRecord[]>;
  saveSignedHead(head: SignedAuditHead): Promise<void>;
  lastSignedHead(): Promise<SignedAuditHead | undefined>;
  /** Those of the records from one sequence to another, both included, oldest first. */
  signedHeads(fromSeq: number, toSeq: number): Promise<SignedAuditHead[]>;
}

/** Small facts of the fleet that must rise or stay across restarts, by name: `fleet_serial`, `fleet_document`. */
export interface FactRepository {
  get(name: string): Promise<string | undefined>;
  set(name: string, value: string): Promise<void>;
  remove(name: string): Promise<void>;
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

/** What a store holds. */
export interface StoreStats {
  readonly driver: string;
  readonly schemaVersion: number;
  readonly sizeBytes: number;
  /** Of those, what removed rows have left behind. */
  readonly freeBytes: number;
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
}

/** Everything the server keeps. One contract suite (store_contract_suite.ts) tests every implementation. */
export interface Store extends PeopleRepositories {
  readonly envoys: EnvoyRepository;
  readonly certificates: CertificateRepository;
  readonly enrollTokens: EnrollTokenRepository;
  readonly runs: RunRepository;
  readonly bundles: BundleRepository;
  readonly minutes: MinuteRepository;
  readonly audit: AuditRepository;
  readonly facts: FactRepository;
  readonly configVersions: ConfigVersionRepository;
  readonly manifest: ManifestRepository;
  readonly tasks: TaskRepository;
  readonly workflows: WorkflowRepository;
  readonly queues: QueueRepository;
  /**
   * All or nothing; the work sees its own writes, and nothing else runs meanwhile. Not to be nested: inside, use the store
   * that the work is given, never this one, which waits for the transaction to end.
   */
  transaction<T>(work: (store: Store) => Promise<T>): Promise<T>;
  /** Problems found by the database's own check; empty when sound. */
  integrity(): Promise<string[]>;
  /** How large it is, and of what. */
  stats(): Promise<StoreStats>;
  /** Gives the space of removed rows back to the disk; answers how many bytes that was. */
  vacuum(): Promise<number>;
  close(): Promise<void>;
}
