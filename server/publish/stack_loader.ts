import { isSha256, type Sha256 } from "../../shared/crypto/sha256.ts";
import type { ConfigProblem } from "../../shared/rest/config.ts";
import { type CheckedStacks, checkStacksInSteps } from "../resolve/check_stacks.ts";
import { COMPILER_VERSION } from "../resolve/compiler_version.ts";
import { PolicyCompiler } from "../resolve/policy_compiler.ts";
import type { StackFile } from "../stacks/load_stacks.ts";
import { formatProblem } from "../stacks/problem_list.ts";
import { readStackFolder, type StackFolder } from "../stacks/read_stack_folder.ts";
import type { ResourceCatalog } from "../stacks/resource_catalog.ts";
import { runInSlices } from "../steps/run_in_slices.ts";
import { configVersion } from "./config_version.ts";
import { type Refusal, refuse, refuseDamaged } from "./refusal.ts";
import type { VersionStore } from "./version_store.ts";

/** Shortest prefix that names a version. */
const MIN_PREFIX_LENGTH = 6;

/** Stacks that have been checked and can be compiled. */
export interface Candidate {
  readonly ok: true;
  readonly version: Sha256;
  readonly files: readonly StackFile[];
  readonly compiler: PolicyCompiler;
}

/** Reads stacks, staged or published, and checks them in slices of time that leave room for check-ins. */
export class StackLoader {
  constructor(private readonly store: VersionStore, readonly catalog: ResourceCatalog) {}

  /** The staged files; that there are none is a problem of theirs. */
  async readStaged(): Promise<StackFolder> {
    const folder = this.store.stagedFolder;
    try {
      return await readStackFolder(folder);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      const message = `no stacks at ${folder}: create the folder and put configuration into it`;
      return { files: [], problems: [{ file: ".", line: 1, column: 1, message }] };
    }
  }

  check(files: readonly StackFile[]): Promise<CheckedStacks> {
    return runInSlices(checkStacksInSteps(files, this.catalog));
  }

  async loadStaged(): Promise<Candidate | Refusal> {
    const { files, problems } = await this.readStaged();
    return await this.#accept(files, problems, configVersion(files, COMPILER_VERSION));
  }

  loadVersion(version: Sha256): Promise<Candidate | Refusal> {
    return refuseDamaged(async () => {
      const stored = await this.store.read(version);
      if (!stored) return refuse(`Cannot load version ${version}: it is not on disk any more`);
      return await this.#accept(stored.files, [], version);
    });
  }

  /** The version on disk that has this name, or this beginning of a name and no other. */
  async findVersion(prefix: string): Promise<{ ok: true; version: Sha256 } | Refusal> {
    if (isSha256(prefix)) return { ok: true, version: prefix };
    if (!/^[0-9a-f]*$/.test(prefix) || prefix.length < MIN_PREFIX_LENGTH) {
      const wanted = `expected ${MIN_PREFIX_LENGTH} to 64 hex digits`;
      return refuse(`Cannot find version ${JSON.stringify(prefix)}: ${wanted}`);
    }
    const versions = await this.store.list();
    const [found, second] = versions.filter((version) => version.startsWith(prefix));
    if (!found) return refuse(`Cannot find version "${prefix}": no published version begins so`);
    if (second) return refuse(`Cannot find version "${prefix}": several begin so, add digits`);
    return { ok: true, version: found };
  }

  async #accept(
    files: readonly StackFile[],
    reading: readonly ConfigProblem[],
    version: Sha256,
  ): Promise<Candidate | Refusal> {
    const checked = await this.check(files);
    const problems = [...reading, ...checked.ok ? [] : checked.problems];
    const [first] = problems;
    if (first) {
      const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
      return { ok: false, reason: `Cannot use stacks: ${formatProblem(first)}${more}`, problems };
    }
    if (!checked.ok) throw new Error("unreachable: stacks without problems are ok");
    return { ok: true, version, files, compiler: new PolicyCompiler(checked.tree) };
  }
}
