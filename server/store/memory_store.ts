import { memoryCertificates, memoryEnrollTokens, memoryEnvoys } from "./memory/memory_envoys.ts";
import { memoryPeople } from "./memory/memory_people.ts";
import {
  memoryAudit,
  memoryConfigVersions,
  memoryFacts,
  memoryManifest,
} from "./memory/memory_records.ts";
import { memoryQueues } from "./memory/memory_queues.ts";
import { memoryBundles, memoryMinutes, memoryRuns } from "./memory/memory_runs.ts";
import { memoryTasks } from "./memory/memory_tasks.ts";
import { memoryWorkflows } from "./memory/memory_workflows.ts";
import { type Access, emptyState, type State } from "./memory/memory_state.ts";
import type { Store, StoreStats } from "./store.ts";

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
  readonly users = this.#repositories.users;
  readonly apiTokens = this.#repositories.apiTokens;
  readonly sessions = this.#repositories.sessions;
  readonly loginFailures = this.#repositories.loginFailures;
  readonly audit = this.#repositories.audit;
  readonly facts = this.#repositories.facts;
  readonly configVersions = this.#repositories.configVersions;
  readonly manifest = this.#repositories.manifest;
  readonly tasks = this.#repositories.tasks;
  readonly workflows = this.#repositories.workflows;
  readonly queues = this.#repositories.queues;

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
    ...memoryPeople(access),
    audit: memoryAudit(access),
    facts: memoryFacts(access),
    configVersions: memoryConfigVersions(access),
    manifest: memoryManifest(access),
    tasks: memoryTasks(access),
    workflows: memoryWorkflows(access),
    queues: memoryQueues(access),
  };
}
