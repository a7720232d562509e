import type { SignedBytes } from "../../shared/crypto/signed_document.ts";
import type { AuditRecord } from "../../shared/rest/audit.ts";
import type { ConfigVersion } from "../../shared/rest/config.ts";
import type { Minute } from "../../shared/rest/fleet.ts";
import type { RunSummary } from "../../shared/rest/runs.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import { readRunCursor, writeRunCursor } from "./run_cursor.ts";
import type {
  AuditRepository,
  BundleRepository,
  CertificateRecord,
  CertificateRepository,
  ConfigVersionRepository,
  EnrollAnswerRecord,
  EnrollTokenRecord,
  EnrollTokenRepository,
  EnvoyObservation,
  EnvoyRecord,
  EnvoyRepository,
  FactRepository,
  ManifestRepository,
  MinuteRepository,
  RunRepository,
  Store,
  StoredBundle,
  StoredRun,
  StoreStats,
} from "./store.ts";
import { SequenceTakenError } from "./store_error.ts";

interface State {
  readonly envoys: Map<string, EnvoyRecord>;
  readonly observations: Map<string, EnvoyObservation>;
  readonly certificates: Map<string, CertificateRecord>;
  readonly tokens: Map<string, EnrollTokenRecord>;
  readonly answers: Map<string, EnrollAnswerRecord>;
  readonly runs: Map<string, StoredRun>;
  readonly bundles: Map<string, { readonly bundle: StoredBundle; readonly usedAtMs: number }>;
  readonly minutes: Map<number, Minute>;
  readonly audit: AuditRecord[];
  readonly heads: Map<number, SignedBytes>;
  readonly facts: Map<string, string>;
  readonly versions: ConfigVersion[];
  readonly manifest: Map<string, ManifestEntry>;
}

/** Runs a step on the state; steps of one store never overlap a transaction. */
type Access = <T>(step: (state: State) => T) => Promise<T>;

/** A store that forgets everything at its end: for unit tests and the simulation. It obeys the same contract suite. */
export class MemoryStore implements Store {
  #state: State = emptyState();
  #queue: Promise<unknown> = Promise.resolve();
  readonly #repositories = createRepositories((step) =>
    this.#enqueue(() => Promise.resolve(step(this.#state)))
  );
  readonly envoys = this.#repositories.envoys;
  readonly certificates = this.#repositories.certificates;
  readonly enrollTokens = this.#repositories.enrollTokens;
  readonly runs = this.#repositories.runs;
  readonly bundles = this.#repositories.bundles;
  readonly minutes = this.#repositories.minutes;
  readonly audit = this.#repositories.audit;
  readonly facts = this.#repositories.facts;
  readonly configVersions = this.#repositories.configVersions;
  readonly manifest = this.#repositories.manifest;

  transaction<T>(work: (store: Store) => Promise<T>): Promise<T> {
    return this.#enqueue(async () => {
      const draft = structuredClone(this.#state);
      const result = await work({
        // An async function, so that what a step throws rejects instead.
        // deno-lint-ignore require-await
        ...createRepositories(async (step) => step(draft)),
        transaction: () =>
          Promise.reject(new Error("Cannot nest a transaction: use the given store")),
        integrity: () => Promise.resolve([]),
        stats: () => Promise.resolve(statsOf(draft)),
        vacuum: () => Promise.reject(new Error("Cannot vacuum a store inside its transaction")),
        close: () => Promise.reject(new Error("Cannot close a store inside its transaction")),
      });
      this.#state = draft;
      return result;
    });
  }

  integrity(): Promise<string[]> {
    return Promise.resolve([]);
  }

  stats(): Promise<StoreStats> {
    return Promise.resolve(statsOf(this.#state));
  }

  vacuum(): Promise<number> {
    return Promise.resolve(0);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #enqueue<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(job);
    // The queue goes on whatever becomes of a job; its caller gets the failure through `result`.
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

function emptyState(): State {
  return {
    envoys: new Map(),
    observations: new Map(),
    certificates: new Map(),
    tokens: new Map(),
    answers: new Map(),
    runs: new Map(),
    bundles: new Map(),
    minutes: new Map(),
    audit: [],
    heads: new Map(),
    facts: new Map(),
    versions: [],
    manifest: new Map(),
  };
}

function statsOf(state: State): StoreStats {
  const tables = Object.entries(state).map(([name, rows]) => ({
    name,
    rows: Array.isArray(rows) ? rows.length : rows.size,
  }));
  return { driver: "memory", schemaVersion: 0, sizeBytes: 0, freeBytes: 0, tables };
}

type Repositories = Omit<Store, "transaction" | "integrity" | "stats" | "vacuum" | "close">;

function createRepositories(access: Access): Repositories {
  return {
    envoys: memoryEnvoys(access),
    certificates: memoryCertificates(access),
    enrollTokens: memoryEnrollTokens(access),
    runs: memoryRuns(access),
    bundles: memoryBundles(access),
    minutes: memoryMinutes(access),
    audit: memoryAudit(access),
    facts: memoryFacts(access),
    configVersions: memoryConfigVersions(access),
    manifest: memoryManifest(access),
  };
}

function memoryEnvoys(access: Access): EnvoyRepository {
  const findActive = (state: State, hostname: string) =>
    [...state.envoys.values()].find((envoy) =>
      envoy.state === "active" && envoy.hostname.toLowerCase() === hostname.toLowerCase()
    );
  const update = (uuid: string, change: (envoy: EnvoyRecord) => Partial<EnvoyRecord>) =>
    access((state) => {
      const envoy = state.envoys.get(uuid);
      if (envoy) state.envoys.set(uuid, { ...envoy, ...change(envoy) });
    });
  return {
    add: (envoy) =>
      access((state) => {
        if (state.envoys.has(envoy.uuid)) return { ok: false, reason: "uuid" };
        if (envoy.state === "active" && findActive(state, envoy.hostname)) {
          return { ok: false, reason: "hostname" };
        }
        state.envoys.set(envoy.uuid, structuredClone(envoy));
        return { ok: true };
      }),
    find: (uuid) => access((state) => structuredClone(state.envoys.get(uuid))),
    findActiveByHostname: (hostname) =>
      access((state) => structuredClone(findActive(state, hostname))),
    list: () =>
      access((state) =>
        structuredClone([...state.envoys.values()])
          .sort((a, b) => compare(a.hostname, b.hostname) || compare(a.uuid, b.uuid))
      ),
    revoke: (uuid, atMs) =>
      access((state) => {
        const envoy = state.envoys.get(uuid);
        if (envoy?.state !== "active") return false;
        state.envoys.set(uuid, { ...envoy, state: "revoked", revokedAtMs: atMs });
        return true;
      }),
    setTags: (uuid, tags) =>
      update(uuid, ({ tagRevision }) => ({ tags: { ...tags }, tagRevision: tagRevision + 1 })),
    setSuspectedClone: (uuid, suspected) => update(uuid, () => ({ suspectedClone: suspected })),
    rename: (uuid, hostname) =>
      access((state) => {
        const envoy = state.envoys.get(uuid);
        if (envoy?.state !== "active" || findActive(state, hostname)) return false;
        const previousHostname = envoy.previousHostname ?? envoy.hostname;
        state.envoys.set(uuid, { ...envoy, hostname, previousHostname });
        return true;
      }),
    settleRename: (uuid) => update(uuid, () => ({ previousHostname: null })),
    remove: (uuid, atMs) =>
      access((state) => {
        const envoy = state.envoys.get(uuid);
        if (envoy?.state !== "revoked" || envoy.removedAtMs !== null) return false;
        state.envoys.set(uuid, { ...envoy, removedAtMs: atMs, tags: {} });
        state.observations.delete(uuid);
        return true;
      }),
    saveObservations: (observations) =>
      access((state) => {
        const stranger = observations.find(({ uuid }) => !state.envoys.has(uuid));
        if (stranger) throw new Error(`No envoy has the UUID "${stranger.uuid}"`);
        for (const seen of observations) state.observations.set(seen.uuid, { ...seen });
      }),
    listObservations: () =>
      access((state) =>
        structuredClone([...state.observations.values()])
          .sort((a, b) => compare(a.uuid, b.uuid))
      ),
  };
}

function memoryCertificates(access: Access): CertificateRepository {
  const byExpiry = (a: CertificateRecord, b: CertificateRecord) =>
    a.notAfterMs - b.notAfterMs || compare(a.fingerprint, b.fingerprint);
  return {
    add: (certificate) =>
      access((state) => {
        if (!state.envoys.has(certificate.envoyUuid)) {
          throw new Error(`No envoy has the UUID "${certificate.envoyUuid}"`);
        }
        if (state.certificates.has(certificate.fingerprint)) {
          throw new Error(`Certificate ${certificate.fingerprint} is known already`);
        }
        state.certificates.set(certificate.fingerprint, { ...certificate });
      }),
    listByEnvoy: (envoyUuid) =>
      access((state) =>
        [...state.certificates.values()].filter((one) => one.envoyUuid === envoyUuid).sort(byExpiry)
      ),
    listRevoked: (afterMs) =>
      access((state) =>
        [...state.certificates.values()]
          .filter((one) => one.revokedAtMs !== null && one.notAfterMs > afterMs).sort(byExpiry)
      ),
    revokeByEnvoy: (envoyUuid, atMs) =>
      access((state) => {
        for (const one of state.certificates.values()) {
          if (one.envoyUuid !== envoyUuid || one.revokedAtMs !== null) continue;
          state.certificates.set(one.fingerprint, { ...one, revokedAtMs: atMs });
        }
      }),
    revokeOthers: (envoyUuid, fingerprint, atMs) =>
      access((state) => {
        const others = [...state.certificates.values()].filter((one) =>
          one.envoyUuid === envoyUuid && one.fingerprint !== fingerprint &&
          one.revokedAtMs === null
        );
        for (const one of others) {
          state.certificates.set(one.fingerprint, { ...one, revokedAtMs: atMs });
        }
        return others.length;
      }),
  };
}

function memoryEnrollTokens(access: Access): EnrollTokenRepository {
  return {
    add: (token) =>
      access((state) => {
        if (state.tokens.has(token.hash)) throw new Error("This enrolment token is known already");
        state.tokens.set(token.hash, { ...token });
      }),
    find: (hash) => access((state) => state.tokens.get(hash)),
    list: () =>
      access((state) =>
        [...state.tokens.values()]
          .sort((a, b) => b.createdAtMs - a.createdAtMs || compare(a.hash, b.hash))
      ),
    use: (hash) =>
      access((state) => {
        const token = state.tokens.get(hash);
        if (!token || token.usesLeft < 1 || token.revokedAtMs !== null) return false;
        state.tokens.set(hash, { ...token, usesLeft: token.usesLeft - 1 });
        return true;
      }),
    revoke: (hash, atMs) =>
      access((state) => {
        const token = state.tokens.get(hash);
        if (!token || token.revokedAtMs !== null) return false;
        state.tokens.set(hash, { ...token, revokedAtMs: atMs });
        return true;
      }),
    saveAnswer: (answer) =>
      access((state) => {
        state.answers.set(`${answer.tokenHash} ${answer.requestHash}`, { ...answer });
      }),
    findAnswer: (tokenHash, requestHash) =>
      access((state) => state.answers.get(`${tokenHash} ${requestHash}`)),
    pruneAnswers: (beforeMs) =>
      access((state) => {
        for (const [key, answer] of state.answers) {
          if (answer.expiresAtMs < beforeMs) state.answers.delete(key);
        }
      }),
  };
}

function memoryRuns(access: Access): RunRepository {
  const newestFirst = (a: RunSummary, b: RunSummary) =>
    b.startedAtMs - a.startedAtMs || compare(b.runId, a.runId);
  return {
    add: (run) =>
      access((state) => {
        if (state.runs.has(run.summary.runId)) return false;
        state.runs.set(run.summary.runId, structuredClone(run));
        return true;
      }),
    find: (runId) => access((state) => structuredClone(state.runs.get(runId))),
    list: ({ envoyUuids, outcomes, sinceMs, limit, cursor }) =>
      access((state) => {
        const after = cursor === undefined ? undefined : readRunCursor(cursor);
        const found = [...state.runs.values()].map(({ summary }) => summary)
          .filter((run) => envoyUuids?.has(run.envoyUuid) ?? true)
          .filter((run) => outcomes?.has(run.outcome) ?? true)
          .filter((run) => sinceMs === undefined || run.startedAtMs >= sinceMs)
          .filter((run) =>
            !after || run.startedAtMs < after.startedAtMs ||
            (run.startedAtMs === after.startedAtMs && run.runId < after.runId)
          )
          .sort(newestFirst);
        const runs = structuredClone(found.slice(0, limit));
        const last = runs.at(-1);
        return { runs, nextCursor: found.length > limit && last ? writeRunCursor(last) : null };
      }),
    prune: (beforeMs, limit) =>
      access((state) => {
        const old = [...state.runs.values()].map(({ summary }) => summary)
          .filter((run) => run.receivedAtMs < beforeMs)
          .sort((a, b) => a.receivedAtMs - b.receivedAtMs).slice(0, limit);
        for (const { runId } of old) state.runs.delete(runId);
        return old.length;
      }),
  };
}

function memoryBundles(access: Access): BundleRepository {
  return {
    saveAll: (bundles, atMs) =>
      access((state) => {
        for (const bundle of bundles) {
          const known = state.bundles.get(bundle.root)?.bundle;
          state.bundles.set(bundle.root, {
            bundle: known ?? structuredClone(bundle),
            usedAtMs: atMs,
          });
        }
      }),
    find: (root) => access((state) => structuredClone(state.bundles.get(root)?.bundle)),
    prune: (beforeMs, limit) =>
      access((state) => {
        const needed = new Set([
          ...[...state.runs.values()].map(({ report }) => report.root),
          ...[...state.observations.values()].map(({ fingerprint }) => fingerprint),
        ]);
        const old = [...state.bundles].filter(([root, { usedAtMs }]) =>
          usedAtMs < beforeMs && !needed.has(root)
        ).slice(0, limit);
        for (const [root] of old) state.bundles.delete(root);
        return old.length;
      }),
  };
}

function memoryMinutes(access: Access): MinuteRepository {
  return {
    add: (row) =>
      access((state) => {
        const known = state.minutes.get(row.minuteMs);
        state.minutes.set(row.minuteMs, {
          ...row,
          checkIns: row.checkIns + (known?.checkIns ?? 0),
          runs: row.runs + (known?.runs ?? 0),
          originBytes: row.originBytes + (known?.originBytes ?? 0),
          peerBytes: row.peerBytes + (known?.peerBytes ?? 0),
          serverBytes: row.serverBytes + (known?.serverBytes ?? 0),
        });
      }),
    list: (sinceMs, limit) =>
      access((state) =>
        structuredClone(
          [...state.minutes.values()].filter(({ minuteMs }) => minuteMs >= sinceMs)
            .sort((a, b) => a.minuteMs - b.minuteMs).slice(0, limit),
        )
      ),
    prune: (beforeMs) =>
      access((state) => {
        const old = [...state.minutes.keys()].filter((minuteMs) => minuteMs < beforeMs);
        for (const minuteMs of old) state.minutes.delete(minuteMs);
        return old.length;
      }),
  };
}

function memoryAudit(access: Access): AuditRepository {
  return {
    head: () => access((state) => structuredClone(state.audit.at(-1))),
    append: (record) =>
      access((state) => {
        if (state.audit.some(({ seq }) => seq === record.seq)) {
          throw new SequenceTakenError(record.seq);
        }
        state.audit.push(structuredClone(record));
        state.audit.sort((a, b) => a.seq - b.seq);
      }),
    list: ({ limit, before }) =>
      access((state) =>
        structuredClone(
          state.audit.filter(({ seq }) => before === undefined || seq < before).reverse()
            .slice(0, limit),
        )
      ),
    readFrom: (from, limit) =>
      access((state) =>
        structuredClone(state.audit.filter(({ seq }) => seq >= from).slice(0, limit))
      ),
    saveSignedHead: ({ seq, document }) =>
      access((state) => {
        state.heads.set(seq, structuredClone(document));
      }),
    lastSignedHead: () =>
      access((state) => {
        const seq = Math.max(...state.heads.keys());
        const document = state.heads.get(seq);
        return document && { seq, document: structuredClone(document) };
      }),
  };
}

function memoryFacts(access: Access): FactRepository {
  return {
    get: (name) => access((state) => state.facts.get(name)),
    set: (name, value) =>
      access((state) => {
        state.facts.set(name, value);
      }),
    remove: (name) =>
      access((state) => {
        state.facts.delete(name);
      }),
  };
}

function memoryConfigVersions(access: Access): ConfigVersionRepository {
  return {
    append: (version) =>
      access((state) => {
        if (version.live) {
          state.versions.forEach((one, at) => state.versions[at] = { ...one, live: false });
        }
        state.versions.push({ ...version });
      }),
    list: (limit) =>
      access((state) => structuredClone(state.versions.toReversed().slice(0, limit))),
  };
}

function memoryManifest(access: Access): ManifestRepository {
  const key = ({ sha256, author }: { sha256: string; author: string }) => `${sha256} ${author}`;
  return {
    saveAll: (entries) =>
      access((state) => {
        for (const entry of entries) {
          const known = state.manifest.get(key(entry));
          if (!known || entry.stamp >= known.stamp) state.manifest.set(key(entry), { ...entry });
        }
      }),
    list: () =>
      access((state) =>
        structuredClone([...state.manifest.values()]).sort((a, b) => compare(key(a), key(b)))
      ),
    remove: (cells) =>
      access((state) => {
        for (const cell of cells) state.manifest.delete(key(cell));
      }),
  };
}

/** Order of code units, which for the ASCII kept here is the order of a SQL database. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
