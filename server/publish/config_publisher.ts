import { isSha256, type Sha256 } from "../../shared/crypto/sha256.ts";
import type { ConfigProblem, ConfigVersion } from "../../shared/rest/config.ts";
import { checkStacks } from "../resolve/check_stacks.ts";
import type { HostFacts } from "../resolve/compile_host.ts";
import { COMPILER_VERSION } from "../resolve/compiler_version.ts";
import { PolicyCompiler } from "../resolve/policy_compiler.ts";
import type { StackFile } from "../stacks/load_stacks.ts";
import { formatProblem } from "../stacks/problem_list.ts";
import { readStackFolder } from "../stacks/read_stack_folder.ts";
import { RESOURCE_CATALOG, type ResourceCatalog } from "../stacks/resource_catalog.ts";
import { configVersion } from "./config_version.ts";
import { compareFleet, type FleetChanges } from "./host_changes.ts";
import type { LivePolicy, PolicySource } from "./policy_source.ts";
import type { VersionLog, VersionRecord } from "./version_log.ts";
import { VersionDamagedError, type VersionStore } from "./version_store.ts";

/** How far back a version is looked for by its prefix, and for what stood before the live one. */
const MAX_HISTORY = 1000;
/** Shortest prefix that names a version. */
const MIN_PREFIX_LENGTH = 6;

/** How far back the history is read to find versions that nobody needs. */
const MAX_PRUNED_HISTORY = 100_000;

/** Picks versions to be removed. */
export type ChoosePrunable = (
  onDisk: readonly Sha256[],
  history: readonly VersionRecord[],
  live: Sha256 | undefined,
) => readonly Sha256[];

/** What publishing needs from the rest of the server. */
export interface PublisherContext {
  readonly store: VersionStore;
  readonly log: VersionLog;
  /** Every enrolled host with its latest traits. */
  readonly knownHosts: () => Iterable<HostFacts>;
  readonly nowMs: () => number;
  readonly catalog?: ResourceCatalog;
}

export interface Validation {
  readonly valid: boolean;
  /** The version that publishing would make. */
  readonly version: Sha256 | null;
  readonly problems: readonly ConfigProblem[];
  readonly files: number;
  /** Known hosts that some entry matches. */
  readonly hosts: number;
}

export interface Comparison extends FleetChanges {
  readonly from: Sha256 | null;
  readonly to: Sha256;
}

/** `reason` is one line; `problems` are set if stacks are at fault. */
export interface Refusal {
  readonly ok: false;
  readonly reason: string;
  readonly problems: readonly ConfigProblem[];
}

export type DiffResult = ({ readonly ok: true } & Comparison) | Refusal;

export type PublishResult =
  | ({
    readonly ok: true;
    /** False if the stacks are what is live already. */
    readonly published: boolean;
    readonly version: Sha256;
  } & FleetChanges)
  | Refusal;

export type ReloadResult = { readonly ok: true; readonly live: LivePolicy | undefined } | Refusal;

/** The new version is in force, durably, but the log does not have its record yet. */
export class UnrecordedPublishError extends Error {
  override readonly name = "UnrecordedPublishError";
}

interface Candidate {
  readonly ok: true;
  readonly version: Sha256;
  readonly files: readonly StackFile[];
  readonly compiler: PolicyCompiler;
}

/**
 * The way from the stacks that operators edit to the policy in force: validate, compare, publish, roll back. One change runs
 * at a time. A failed publish leaves the live policy as it was, in memory and on disk.
 */
export class ConfigPublisher implements PolicySource {
  readonly #context: PublisherContext;
  readonly #catalog: ResourceCatalog;
  readonly #listeners = new Set<(policy: LivePolicy) => void>();
  #live: (LivePolicy & { readonly compiler: PolicyCompiler }) | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(context: PublisherContext) {
    this.#context = context;
    this.#catalog = context.catalog ?? RESOURCE_CATALOG;
  }

  live(): LivePolicy | undefined {
    return this.#live;
  }

  onChange(listener: (policy: LivePolicy) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Loads what `.live` names, and completes the log if a crash came between the two. Called at start. If the version cannot
   * be used the reason is returned and the policy in memory stays.
   */
  reload(): Promise<ReloadResult> {
    return this.#exclusive(() =>
      refuseDamaged(async () => {
        await this.#context.store.removeLeftovers();
        const record = await this.#context.store.readLive();
        if (!record) return { ok: true, live: this.#live };
        await this.#completeLog(record);
        const candidate = await this.#loadVersion(record.version);
        if (!candidate.ok) return candidate;
        this.#setLive(candidate);
        return { ok: true, live: this.#live };
      })
    );
  }

  /** Checks the staged stacks; changes nothing. */
  async validate(): Promise<Validation> {
    const { files, problems: reading } = await this.#readStaged();
    const checked = checkStacks(files, this.#catalog);
    const problems = [...reading, ...checked.ok ? [] : checked.problems];
    const version = problems.length === 0 ? configVersion(files, COMPILER_VERSION) : null;
    let hosts = 0;
    for (const { hostname } of checked.ok ? this.#context.knownHosts() : []) {
      if (checked.ok && checked.tree.hostcrates.some(({ match }) => match.matches(hostname))) {
        hosts++;
      }
    }
    return { valid: version !== null, version, problems, files: files.length, hosts };
  }

  /** What the staged stacks, or an earlier version, would change against the live policy, for all hosts or one. */
  async diff(
    { host, version }: {
      readonly host?: string | undefined;
      readonly version?: string | undefined;
    },
  ): Promise<DiffResult> {
    const found = version === undefined ? undefined : await this.#findVersion(version);
    if (found && !found.ok) return found;
    const candidate = found ? await this.#loadVersion(found.version) : await this.#loadStaged();
    if (!candidate.ok) return candidate;
    const hosts = this.#hosts(host);
    if (host !== undefined && hosts.length === 0) {
      return refuse(`Cannot compare host ${JSON.stringify(host)}: no envoy has that hostname`);
    }
    const changes = await compareFleet(this.#live?.compiler, candidate.compiler, hosts);
    return { ok: true, from: this.#live?.version ?? null, to: candidate.version, ...changes };
  }

  /** Makes the staged stacks the live policy. */
  publish(
    { principal, message }: { readonly principal: string; readonly message: string },
  ): Promise<PublishResult> {
    return this.#exclusive(async () => {
      const candidate = await this.#loadStaged();
      if (!candidate.ok) return candidate;
      return await this.#makeLive(candidate, { principal, message, rollbackOf: null });
    });
  }

  /** Publishes an earlier version again: the one named by `version` or a unique prefix, or the one before the live one. */
  rollback(
    { principal, version }: { readonly principal: string; readonly version?: string | undefined },
  ): Promise<PublishResult> {
    return this.#exclusive(async () => {
      const found = version === undefined
        ? await this.#findPrevious()
        : await this.#findVersion(version);
      if (!found.ok) return found;
      const candidate = await this.#loadVersion(found.version);
      if (!candidate.ok) return candidate;
      const message = `Roll back to ${found.version.slice(0, 12)}`;
      return await this.#makeLive(candidate, { principal, message, rollbackOf: found.version });
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
    return this.#exclusive(async () => {
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
    { principal, message, rollbackOf }: {
      readonly principal: string;
      readonly message: string;
      readonly rollbackOf: Sha256 | null;
    },
  ): Promise<PublishResult> {
    const { store, log, nowMs } = this.#context;
    const { version, files, compiler } = candidate;
    const changes = await compareFleet(this.#live?.compiler, compiler, this.#hosts(undefined));
    if (this.#live?.version === version) return { ok: true, published: false, version, ...changes };
    const record = {
      version,
      publishedAtMs: nowMs(),
      publishedBy: principal,
      message,
      rollbackOf,
    };
    const before = await store.readLive();
    if (before) await this.#completeLog(before);
    await store.save(version, files, COMPILER_VERSION);
    await store.swapLive(record);
    this.#setLive(candidate);
    try {
      await log.append(record);
    } catch (cause) {
      throw new UnrecordedPublishError(
        `Version ${version} is live, but the history could not be written. It is completed with the next publish or start`,
        { cause },
      );
    }
    return { ok: true, published: true, version, ...changes };
  }

  #setLive({ version, files, compiler }: Candidate): void {
    const live = {
      version,
      policyVersion: configVersion(files, COMPILER_VERSION),
      tree: compiler.tree,
      compiler,
      compile: (host: HostFacts) => compiler.compile(host),
    };
    this.#live = live;
    for (const listener of this.#listeners) listener(live);
  }

  async #completeLog(live: VersionRecord): Promise<void> {
    const [newest] = await this.#context.log.list(1);
    const isKnown = newest?.version === live.version &&
      newest.publishedAtMs === live.publishedAtMs;
    if (!isKnown) await this.#context.log.append(live);
  }

  async #readStaged(): Promise<
    { files: readonly StackFile[]; problems: readonly ConfigProblem[] }
  > {
    const folder = this.#context.store.stagedFolder;
    try {
      return await readStackFolder(folder);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      const message = `no stacks at ${folder}: create the folder and put configuration into it`;
      return { files: [], problems: [{ file: ".", line: 1, column: 1, message }] };
    }
  }

  async #loadStaged(): Promise<Candidate | Refusal> {
    const { files, problems } = await this.#readStaged();
    return this.#check(files, problems, configVersion(files, COMPILER_VERSION));
  }

  #loadVersion(version: Sha256): Promise<Candidate | Refusal> {
    return refuseDamaged(async () => {
      const stored = await this.#context.store.read(version);
      if (!stored) return refuse(`Cannot load version ${version}: it is not on disk any more`);
      return this.#check(stored.files, [], version);
    });
  }

  #check(
    files: readonly StackFile[],
    reading: readonly ConfigProblem[],
    version: Sha256,
  ): Candidate | Refusal {
    const checked = checkStacks(files, this.#catalog);
    const problems = [...reading, ...checked.ok ? [] : checked.problems];
    const [first] = problems;
    if (first) {
      const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
      return { ok: false, reason: `Cannot use stacks: ${formatProblem(first)}${more}`, problems };
    }
    if (!checked.ok) throw new Error("unreachable: stacks without problems are ok");
    return { ok: true, version, files, compiler: new PolicyCompiler(checked.tree) };
  }

  #hosts(hostname: string | undefined): HostFacts[] {
    const wanted = hostname?.toLowerCase();
    return [...this.#context.knownHosts()].filter((host) =>
      wanted === undefined || host.hostname.toLowerCase() === wanted
    );
  }

  async #findVersion(prefix: string): Promise<{ ok: true; version: Sha256 } | Refusal> {
    if (isSha256(prefix)) return { ok: true, version: prefix };
    if (!/^[0-9a-f]*$/.test(prefix) || prefix.length < MIN_PREFIX_LENGTH) {
      return refuse(
        `Cannot find version ${
          JSON.stringify(prefix)
        }: expected ${MIN_PREFIX_LENGTH} to 64 hex digits`,
      );
    }
    const versions = await this.#context.store.list();
    const [found, second] = versions.filter((version) => version.startsWith(prefix));
    if (!found) return refuse(`Cannot find version "${prefix}": no published version begins so`);
    if (second) return refuse(`Cannot find version "${prefix}": several begin so, add digits`);
    return { ok: true, version: found };
  }

  async #findPrevious(): Promise<{ ok: true; version: Sha256 } | Refusal> {
    const live = this.#live?.version;
    const records = await this.#context.log.list(MAX_HISTORY);
    const newest = records.findIndex(({ version }) => version === live);
    const previous = records.slice(newest + 1).find(({ version }) => version !== live);
    return live !== undefined && previous
      ? { ok: true, version: previous.version }
      : refuse("Cannot roll back: no other version has been published");
  }

  #exclusive<Result>(run: () => Promise<Result>): Promise<Result> {
    const result = this.#running.then(run);
    // The caller gets the failure; here it only ends the turn.
    this.#running = result.then(() => {}, () => {});
    return result;
  }
}

function refuse(reason: string): Refusal {
  return { ok: false, reason, problems: [] };
}

/** Damage on disk is an answer, not an accident: the caller goes on with what it has. */
async function refuseDamaged<Result>(run: () => Promise<Result>): Promise<Result | Refusal> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof VersionDamagedError) return refuse(error.message);
    throw error;
  }
}
