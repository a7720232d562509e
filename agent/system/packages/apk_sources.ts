import { BlockedError } from "../blocked_error.ts";
import { describeFailure, type ProgramResult } from "../processes.ts";
import type { PresentRepository } from "../../../shared/config/resources/repository.ts";
import { succeeded } from "./manager_commands.ts";
import type { PackageSources, SourceFiles } from "./package_sources.ts";
import { keyFault, keyText, listOf } from "./source_key.ts";

type RunApk = (args: readonly string[]) => Promise<ProgramResult>;

/** Without the second word apk 2.14 keeps lists that are younger than four hours, and says that all is well. */
const UPDATE = ["update", "--force-refresh"] as const;
/** Of a source that is a folder apk says no more than this, and succeeds. It also warns of what is no fault of a source. */
const UNUSABLE_SOURCE = /^(?:ERROR: |WARNING: (?:updating|opening|ignoring) )/im;

/** Fetches the lists of all sources; it succeeds only if every one of them could be had. */
export async function updateApk(
  run: RunApk,
  options: readonly string[] = [],
): Promise<ProgramResult> {
  const result = await run([...UPDATE, ...options]);
  const isWhole = !UNUSABLE_SOURCE.test(`${result.stdout}\n${result.stderr}`);
  return !succeeded(result) || isWhole ? result : { ...result, status: 1 };
}

/** Sources of apk, each in a list of its own (apk-repositories(5)). Its keys count for all sources: apk knows no other way. */
export class ApkSources implements PackageSources {
  /**
   * @param etc `/etc`.
   * @param run Runs apk with arguments.
   */
  constructor(
    private readonly etc: string,
    private readonly run: RunApk,
  ) {}

  describe(repository: PresentRepository): SourceFiles {
    const { key, tag, uris, enabled, description } = repository;
    const reason = keyFault("apk", repository, "pem") ?? findFault(repository);
    if (reason !== undefined) return { ok: false, reason };
    const lines = listOf(uris).map((uri) =>
      `${enabled ? "" : "#"}${tag === undefined ? "" : `@${tag} `}${uri}\n`
    );
    const heading = description === undefined ? "" : `# ${description}\n`;
    return {
      ok: true,
      files: [
        ...(key === undefined ? [] : [{ path: this.#keyPath(repository), text: keyText(key) }]),
        { path: this.#listPath(repository.name), text: heading + lines.join("") },
      ],
    };
  }

  paths(repository: Pick<PresentRepository, "name" | "key_name">): readonly string[] {
    return [this.#listPath(repository.name), this.#keyPath(repository)];
  }

  async refresh({ name }: PresentRepository): Promise<void> {
    const result = await updateApk(this.run, ["--repositories-file", this.#listPath(name)]);
    if (!succeeded(result)) throw new BlockedError(describeFailure("apk update", result));
  }

  #listPath(name: string): string {
    return `${this.etc}/apk/repositories.d/${name}.list`;
  }

  #keyPath({ name, key_name }: Pick<PresentRepository, "name" | "key_name">): string {
    return `${this.etc}/apk/keys/${key_name ?? `${name}.rsa.pub`}`;
  }
}

function findFault({ trusted, suites, components, architectures }: PresentRepository) {
  if (trusted) return "apk has no way to take packages without a signature from one source";
  if ((suites ?? components ?? architectures) === undefined) return undefined;
  return "apk knows no suites, components and architectures; they are part of the address";
}
