import { BlockedError } from "../blocked_error.ts";
import { describeFailure, type ProgramResult } from "../processes.ts";
import type { PresentRepository } from "../../../shared/config/resources/repository.ts";
import { succeeded } from "./manager_commands.ts";
import type { PackageSources, SourceFiles } from "./package_sources.ts";
import { describeYumRepository } from "./yum_repository_file.ts";

/** Sources of dnf and yum, whose keys they take from the file when they first meet a package that is signed by it. */
export class DnfSources implements PackageSources {
  /**
   * @param etc `/etc`.
   * @param makeCache Fetches the metadata of one source.
   */
  constructor(
    private readonly manager: "dnf" | "yum",
    private readonly etc: string,
    private readonly makeCache: (name: string) => Promise<ProgramResult>,
  ) {}

  describe(repository: PresentRepository): SourceFiles {
    return describeYumRepository(this.manager, repository, this.#paths(repository.name));
  }

  paths({ name }: Pick<PresentRepository, "name">): readonly string[] {
    const { repository, key } = this.#paths(name);
    return [repository, key];
  }

  async refresh({ name }: PresentRepository): Promise<void> {
    const result = await this.makeCache(name);
    if (!succeeded(result)) {
      throw new BlockedError(describeFailure(`${this.manager} makecache`, result));
    }
  }

  #paths(name: string) {
    return {
      repository: `${this.etc}/yum.repos.d/${name}.repo`,
      key: `${this.etc}/pki/rpm-gpg/RPM-GPG-KEY-${name}`,
    };
  }
}
