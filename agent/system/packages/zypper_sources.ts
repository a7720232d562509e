import { BlockedError } from "../blocked_error.ts";
import { describeFailure, type ProgramResult } from "../processes.ts";
import type { PresentRepository } from "../../../shared/config/resources/repository.ts";
import { succeeded } from "./manager_commands.ts";
import type { PackageSources, SourceFiles } from "./package_sources.ts";
import { listOf } from "./source_key.ts";
import { describeYumRepository } from "./yum_repository_file.ts";

/** Sources of zypper. Their keys go into the database of rpm before the first refresh, which would ask for it otherwise. */
export class ZypperSources implements PackageSources {
  /**
   * @param etc `/etc`.
   * @param run Runs a program that may take long.
   */
  constructor(
    private readonly etc: string,
    private readonly run: (argv: readonly [string, ...string[]]) => Promise<ProgramResult>,
  ) {}

  describe(repository: PresentRepository): SourceFiles {
    if (listOf(repository.uris).length > 1) {
      return { ok: false, reason: "zypper knows one address of a repository, not several" };
    }
    const paths = this.#paths(repository.name);
    return describeYumRepository("zypper", repository, paths, ["autorefresh=1"]);
  }

  paths({ name }: Pick<PresentRepository, "name">): readonly string[] {
    const { repository, key } = this.#paths(name);
    return [repository, key];
  }

  async refresh({ name, key, key_file }: PresentRepository): Promise<void> {
    const keyPath = key === undefined ? key_file : this.#paths(name).key;
    if (keyPath !== undefined) await this.#runOrThrow(["rpm", "--import", keyPath]);
    await this.#runOrThrow(["zypper", "--non-interactive", "--quiet", "refresh", name]);
  }

  async #runOrThrow(argv: readonly [string, ...string[]]): Promise<void> {
    const result = await this.run(argv);
    if (!succeeded(result)) throw new BlockedError(describeFailure(argv.join(" "), result));
  }

  #paths(name: string) {
    return {
      repository: `${this.etc}/zypp/repos.d/${name}.repo`,
      key: `${this.etc}/pki/rpm-gpg/RPM-GPG-KEY-${name}`,
    };
  }
}
