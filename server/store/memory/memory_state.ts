import type { SignedBytes } from "../../../shared/canonical/signed_document.ts";
import type { AuditRecord } from "../../../shared/rest/audit.ts";
import type { ConfigVersion } from "../../../shared/rest/config.ts";
import type { Minute } from "../../../shared/rest/fleet.ts";
import type { ManifestEntry } from "../../../shared/swarm/manifest_entry.ts";
import type { ApiTokenRecord, LoginFailures, SessionRecord, UserRecord } from "../people_store.ts";
import type {
  CertificateRecord,
  EnrollAnswerRecord,
  EnrollTokenRecord,
  EnvoyObservation,
  EnvoyRecord,
  StoredBundle,
  StoredRun,
} from "../store.ts";
import type { StoredMessage, StoredTopic } from "../queue_store.ts";
import type { StoredTarget, StoredTask } from "../task_store.ts";
import type { StoredWorkflow } from "../workflow_store.ts";

/** Everything that a store in memory holds. */
export interface State {
  readonly envoys: Map<string, EnvoyRecord>;
  readonly observations: Map<string, EnvoyObservation>;
  readonly certificates: Map<string, CertificateRecord>;
  readonly tokens: Map<string, EnrollTokenRecord>;
  readonly answers: Map<string, EnrollAnswerRecord>;
  readonly runs: Map<string, StoredRun>;
  readonly bundles: Map<string, { readonly bundle: StoredBundle; readonly usedAtMs: number }>;
  readonly minutes: Map<number, Minute>;
  readonly users: Map<string, UserRecord>;
  readonly apiTokens: Map<string, ApiTokenRecord>;
  readonly sessions: Map<string, SessionRecord>;
  readonly loginFailures: Map<string, LoginFailures>;
  readonly audit: AuditRecord[];
  readonly heads: Map<number, SignedBytes>;
  readonly facts: Map<string, string>;
  readonly versions: ConfigVersion[];
  readonly manifest: Map<string, ManifestEntry>;
  readonly tasks: Map<string, StoredTask>;
  /** By task, then by position. */
  readonly taskTargets: Map<string, Map<number, StoredTarget>>;
  readonly workflows: Map<string, StoredWorkflow>;
  readonly queueTopics: Map<string, StoredTopic>;
  /** By topic, then by seq. */
  readonly queueMessages: Map<string, Map<number, StoredMessage>>;
}

/** Runs a step on the state; steps of one store never overlap a transaction. */
export type Access = <T>(step: (state: State) => T) => Promise<T>;

/** Of a store in which nothing is. */
export function emptyState(): State {
  return {
    envoys: new Map(),
    observations: new Map(),
    certificates: new Map(),
    tokens: new Map(),
    answers: new Map(),
    runs: new Map(),
    bundles: new Map(),
    minutes: new Map(),
    users: new Map(),
    apiTokens: new Map(),
    sessions: new Map(),
    loginFailures: new Map(),
    audit: [],
    heads: new Map(),
    facts: new Map(),
    versions: [],
    manifest: new Map(),
    tasks: new Map(),
    taskTargets: new Map(),
    workflows: new Map(),
    queueTopics: new Map(),
    queueMessages: new Map(),
  };
}
