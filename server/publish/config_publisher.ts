import type { Sha256 } from "../../shared/crypto/sha256.ts";
import type { ConfigVersion } from "../../shared/rest/config.ts";
import type { HostFacts } from "../resolve/compile_host.ts";
import { COMPILER_VERSION } from "../resolve/compiler_version.ts";
import { PolicyCompiler } from "../resolve/policy_compiler.ts";
import { RESOURCE_CATALOG } from "../stacks/resource_catalog.ts";
import type { StackTree } from "../stacks/stack_tree.ts";
import { runInSlices } from "../steps/run_in_slices.ts";
import { configVersion } from "./config_version.ts";
import { compareFleetInSteps } from "./host_changes.ts";
import { findHostProblemsInSteps } from "./host_problems.ts";
import type { LivePolicy, PolicySource } from "./policy_source.ts";
import {
  type Comparison,
  type DiffResult,
  type PublishOrder,
  type PublishResult,
  type ReloadResult,
  UnrecordedPublishError,
  type Validation,
} from "./publish_results.ts";
import { unknownHostname } from "./unknown_hostname.ts";
import { explainOutdated, refuseForNobody } from "./publish_rules.ts";
import type { ChoosePrunable, PublisherContext } from "./publisher_context.ts";
import { type Refusal, refuse, refuseDamaged } from "./refusal.ts";
import { findSecretUsersInSteps, type SecretUsers } from "./secret_users.ts";
import { type Candidate, StackLoader } from "./stack_loader.ts";
import { Turns } from "./turns.ts";
import type { VersionRecord } from "./version_log.ts";

/** How far back the version before the live one is looked for. */
const MAX_HISTORY = 1000;
/** How far back the history is read to find versions that nobody needs. */
const MAX_PRUNED_HISTORY = 100_000;

/**
 * The way from the stacks that operators edit to the policy in force: validate, compare, publish, roll back. One change runs
 * at a time. A failed publish leaves the live policy as it was, in memory and on disk.
 */
export class ConfigPublisher implements PolicySource {
  readonly #context: PublisherContext;
  readonly #loader: StackLoader;
  readonly #listeners = new Set<(policy: LivePolicy) => void>();
  #live: (LivePolicy & { readonly compiler: PolicyCompiler }) | undefined;
  #problem: string | undefined;
  readonly #changing = new Turns();
  readonly #comparing = new Turns();

  constructor(context: PublisherContext) {
    this.#context = context;
    this.#loader = new StackLoader(context.store, context.catalog ?? RESOURCE_CATALOG);
  }

  live(): LivePolicy | undefined {
    return this.#live;
  }

  /** Why nothing is live although something was published, if so. */
  get problem(): string | undefined {
    return this.#live ? undefined : this.#problem;
  }

  onChange(listener: (policy: LivePolicy) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Loads what `.live` names, after a crash between it and the log was made good. Called at start. If the version cannot
   * be used the reason is returned and the policy in memory stays.
   */
  reload(): Promise<ReloadResult> {
    return this.#changing.take(async () => {
      const result = await refuseDamaged(() => this.#reload());
      this.#problem = result.ok ? undefined : result.reason;
      return result;
    });
  }

  async #reload(): Promise<ReloadResult> {
    await this.#context.store.removeLeftovers();
    const record = await this.#settle();
    if (!record) return { ok: true, live: this.#live };
    const candidate = await this.#loader.loadVersion(record.version);
    if (!candidate.ok) return candidate;
    this.#setLive(candidate);
    return { ok: true, live: this.#live };
  }

  /** Checks the staged stacks, for every known host too; changes nothing. */
  async validate(): Promise<Validation> {
    const { files, problems: reading } = await this.#loader.readStaged();
    const checked = await this.#loader.check(files);
    const problems = [...reading, ...checked.ok ? [] : checked.problems];
    const version = problems.length === 0 ? configVersion(files, COMPILER_VERSION) : null;
    const compiler = checked.ok ? new PolicyCompiler(checked.tree) : undefined;
    const fleet = compiler &&
      await this.#comparing.take(() =>
        runInSlices(findHostProblemsInSteps(compiler, this.#context.knownHosts()))
      );
    return {
      valid: version !== null,
      version,
      problems,
      files: files.length,
      hosts: fleet?.matched ?? 0,
      hostProblems: fleet?.problems ?? [],
      warnings: fleet?.unheardTraits ?? [],
    };
  }

  /** The version that the staged files would have, if they can be read; they are not checked. */
  async stagedVersion(): Promise<{ readonly version: Sha256 | null; readonly files: number }> {
    const { files, problems } = await this.#loader.readStaged();
    const version = problems.length === 0 ? configVersion(files, COMPILER_VERSION) : null;
    return { version, files: files.length };
  }

  /** The staged stacks or, without `isStaged`, the live ones. */
  async tree(
    { isStaged }: { readonly isStaged: boolean },
  ): Promise<{ readonly ok: true; readonly tree: StackTree } | Refusal> {
    if (!isStaged) {
      return this.#live ? { ok: true, tree: this.#live.tree } : refuse(
        this.problem ?? "Nothing is published yet: look at the staged stacks, or publish them",
      );
    }
    const candidate = await this.#loader.loadStaged();
    return candidate.ok ? { ok: true, tree: candidate.compiler.tree } : candidate;
  }

  /**
   * What the staged stacks, an earlier version, or the one before the live one would change against the live policy, for all
   * hosts or one. One comparison runs at a time, since each may hold a second policy for the whole fleet.
   */
  diff(
    { host, version, from, previous = false }: {
      readonly host?: string | undefined;
      readonly version?: string | undefined;
      /** What it is compared with, in place of the live version. */
      readonly from?: string | undefined;
      readonly previous?: boolean | undefined;
    },
  ): Promise<DiffResult> {
    return this.#comparing.take(async (): Promise<DiffResult> => {
      const found = previous
        ? await this.#findPrevious()
        : version === undefined
        ? undefined
        : await this.#loader.findVersion(version);
      if (found && !found.ok) return found;
      const candidate = found
        ? await this.#loader.loadVersion(found.version)
        : await this.#loader.loadStaged();
      if (!candidate.ok) return candidate;
      if (host !== undefined && this.#hosts(host).next().done) {
        const hostnames = [...this.#hosts(undefined)].map(({ hostname }) => hostname);
        return refuse(
          `Cannot compare host ${JSON.stringify(host)}: ${unknownHostname(host, hostnames)}`,
        );
      }
      const base = from === undefined ? undefined : await this.#loadNamed(from);
      if (base && !base.ok) return base;
      return { ok: true, ...await this.#compare(candidate, host, base) };
    });
  }

  /** Whose live policy names a secret. */
  async usersOfSecret(path: string): Promise<SecretUsers> {
    if (!this.#live) return { hosts: [], crates: [] };
    return await runInSlices(
      findSecretUsersInSteps(path, this.#live.compiler, this.#hosts(undefined)),
    );
  }

  /** Makes the staged stacks the live policy. */
  publish(order: PublishOrder): Promise<PublishResult> {
    return this.#changing.take(async () => {
      const frozen = await this.#context.frozen?.("publish");
      if (frozen) return frozen;
      const candidate = await this.#loader.loadStaged();
      if (!candidate.ok) return candidate;
      return await refuseDamaged(() => this.#makeLive(candidate, { ...order, rollbackOf: null }));
    });
  }

  /** Publishes an earlier version again: the one named by `version` or a unique prefix, or the one before the live one. */
  rollback(
    { version, message, ...order }: Omit<PublishOrder, "message"> & {
      readonly version?: string | undefined;
      readonly message?: string | undefined;
    },
  ): Promise<PublishResult> {
    return this.#changing.take(async () => {
      const frozen = await this.#context.frozen?.("roll back");
      if (frozen) return frozen;
      const found = version === undefined
        ? await this.#findPrevious()
        : await this.#loader.findVersion(version);
      if (!found.ok) return found;
      const candidate = await this.#loader.loadVersion(found.version);
      if (!candidate.ok) return candidate;
      return await refuseDamaged(() =>
        this.#makeLive(candidate, {
          ...order,
          message: message || `Roll back to ${found.version.slice(0, 12)}`,
          rollbackOf: found.version,
        })
      );
    });
  }

  /** Publishes and rollbacks, newest first. Of those that made the live version live the newest is marked. */
  async history(limit: number): Promise<ConfigVersion[]> {
    const records = await this.#context.log.list(limit);
    const newest = records.find(({ version }) => version === this.#live?.version);
    return records.map((record) => ({ ...record, live: record === newest }));
  }

  /**
   * Removes the files of versions that nobody needs; the history keeps their records.
   *
   * @param choose picks them from what is on disk and the history, newest first.
   */
  prune(choose: ChoosePrunable): Promise<number> {
    return this.#changing.take(async () => {
      const { store, log } = this.#context;
      const live = await store.readLive();
      const chosen = choose(
        await store.list(),
        await log.list(MAX_PRUNED_HISTORY),
        this.#live?.version ?? live?.version,
      );
      for (const version of chosen) {
        if (version === live?.version || version === this.#live?.version) continue;
        await store.remove(version);
      }
      return chosen.length;
    });
  }

  async #makeLive(
    candidate: Candidate,
    { principal, message, reviewed, allowRefused = false, rollbackOf }: PublishOrder & {
      readonly rollbackOf: Sha256 | null;
    },
  ): Promise<PublishResult> {
    const { store, log, nowMs, frozen } = this.#context;
    const { version, files } = candidate;
    const outdated = reviewed && explainOutdated(reviewed, this.#live?.version, version);
    if (outdated) return refuse(outdated);
    const changes = await this.#compare(candidate, undefined);
    if (this.#live?.version === version) return { ok: true, published: false, version, ...changes };
    const forNobody = allowRefused
      ? undefined
      : refuseForNobody(changes, rollbackOf === null ? "publish" : "roll back");
    if (forNobody) return forNobody;
    // Comparing takes seconds, in which somebody may have stopped this.
    const refused = await frozen?.(rollbackOf === null ? "publish" : "roll back");
    if (refused) return refused;
    const record = {
      version,
      publishedAtMs: nowMs(),
      publishedBy: principal,
      message,
      rollbackOf,
    };
    await this.#settle();
    await store.save(version, files, COMPILER_VERSION);
    try {
      await log.append(record);
    } catch (cause) {
      throw new UnrecordedPublishError(
        `Version ${version} was not published, since the history could not be written. Look at /readyz and the server's log`,
        { cause },
      );
    }
    await store.swapLive(record);
    this.#setLive(candidate);
    return { ok: true, published: true, version, ...changes };
  }

  #setLive({ version, files, compiler }: Candidate): void {
    const live = {
      version,
      policyVersion: configVersion(files, COMPILER_VERSION),
      tree: compiler.tree,
      compiler,
      compileInSteps: (host: HostFacts) => compiler.compileInSteps(host),
    };
    this.#live = live;
    for (const listener of this.#listeners) listener(live);
  }

  /**
   * Brings the log and `.live` together after a crash between the two: what was recorded last becomes live, as the record
   * says. What is live and not in the log, as after a restore of an older database, is recorded.
   *
   * @returns the record of what is live now.
   */
  async #settle(): Promise<VersionRecord | undefined> {
    const { store, log } = this.#context;
    const live = await store.readLive();
    const [newest, before] = await log.list(2);
    if (newest === undefined ? live === undefined : isSame(newest, live)) return live;
    const isStranded = newest !== undefined &&
      (before === undefined ? live === undefined : isSame(before, live));
    if (isStranded && (await store.list()).includes(newest.version)) {
      await store.swapLive(newest);
      return newest;
    }
    if (live) await log.append(live);
    return live;
  }

  async #compare(
    { version, compiler }: Candidate,
    host: string | undefined,
    base: Pick<Candidate, "version" | "compiler"> | undefined = this.#live,
  ): Promise<Comparison> {
    const { missingSecrets } = this.#context;
    const { secrets, unheardTraits, ...changes } = await runInSlices(
      compareFleetInSteps(base?.compiler, compiler, this.#hosts(host)),
    );
    return {
      from: base?.version ?? null,
      to: version,
      ...changes,
      // One host is no witness of what the others report.
      warnings: [
        ...host === undefined ? unheardTraits : [],
        ...await missingSecrets?.(secrets) ?? [],
      ],
    };
  }

  async #loadNamed(version: string): Promise<Candidate | Refusal> {
    const found = await this.#loader.findVersion(version);
    return found.ok ? await this.#loader.loadVersion(found.version) : found;
  }

  /** One at a time: the traits of ten thousand hosts do not fit beside their policies. */
  *#hosts(hostname: string | undefined): Generator<HostFacts, undefined> {
    const wanted = hostname?.toLowerCase();
    for (const host of this.#context.knownHosts()) {
      if (wanted === undefined || host.hostname.toLowerCase() === wanted) yield host;
    }
  }

  async #findPrevious(): Promise<{ ok: true; version: Sha256 } | Refusal> {
    const live = this.#live?.version;
    const records = await this.#context.log.list(MAX_HISTORY);
    const newest = records.findIndex(({ version }) => version === live);
    const previous = records.slice(newest + 1).find(({ version }) => version !== live);
    return live !== undefined && previous
      ? { ok: true, version: previous.version }
      : refuse(this.problem ?? "Cannot roll back: no other version has been published");
  }
}

function isSame(record: VersionRecord, live: VersionRecord | undefined): boolean {
  return record.version === live?.version && record.publishedAtMs === live.publishedAtMs;
}
