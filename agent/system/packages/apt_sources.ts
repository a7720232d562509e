import { BlockedError } from "../blocked_error.ts";
import { describeFailure, type ProgramResult } from "../processes.ts";
import type { PresentRepository } from "../../../shared/config/resources/repository.ts";
import { succeeded } from "./manager_commands.ts";
import type { PackageSources, SourceFiles } from "./package_sources.ts";
import { keyFault, keyText, listOf } from "./source_key.ts";

/**
 * Sources in the form of deb822 (sources.list(5)), each in a file of its own. Its key stands beside the others in
 * `/etc/apt/keyrings` and counts for this source alone.
 */
export class AptSources implements PackageSources {
  /**
   * @param etc `/etc`.
   * @param update Runs `apt-get update` with further options.
   */
  constructor(
    private readonly etc: string,
    private readonly update: (options: readonly string[]) => Promise<ProgramResult>,
  ) {}

  describe(repository: PresentRepository): SourceFiles {
    const { name, key, suites, components } = repository;
    const reason = keyFault("apt", repository, "openpgp") ?? this.#fault(repository);
    if (reason !== undefined) return { ok: false, reason };
    const signedBy = key === undefined ? repository.key_file : this.#keyPath(name);
    const fields: readonly (readonly [string, string | undefined])[] = [
      ["Enabled", repository.enabled ? undefined : "no"],
      ["Types", repository.types.join(" ")],
      ["URIs", listOf(repository.uris).join(" ")],
      ["Suites", listOf(suites).join(" ")],
      ["Components", components === undefined ? undefined : listOf(components).join(" ")],
      ["Architectures", repository.architectures && listOf(repository.architectures).join(" ")],
      ["Signed-By", signedBy],
      ["Trusted", repository.trusted ? "yes" : undefined],
    ];
    const text = fields.filter(([, value]) => value !== undefined)
      .map(([field, value]) => `${field}: ${value}\n`).join("");
    const heading = repository.description === undefined ? "" : `# ${repository.description}\n`;
    return {
      ok: true,
      files: [
        ...(key === undefined ? [] : [{ path: this.#keyPath(name), text: keyText(key) }]),
        { path: this.#path(name), text: heading + text },
      ],
    };
  }

  paths({ name }: Pick<PresentRepository, "name">): readonly string[] {
    return [this.#path(name), this.#keyPath(name)];
  }

  async refresh({ name }: PresentRepository): Promise<void> {
    const result = await this.update([
      `--option=Dir::Etc::SourceList=${this.#path(name)}`,
      "--option=Dir::Etc::SourceParts=/dev/null",
      // The lists of all other sources stay.
      "--option=APT::Get::List-Cleanup=0",
    ]);
    // Older versions of apt only warn.
    const isFetched = succeeded(result) && !/^(?:Err|W: Failed to fetch)/m.test(
      `${result.stdout}\n${result.stderr}`,
    );
    if (!isFetched) throw new BlockedError(describeFailure("apt-get update", result));
  }

  #fault({ suites, components, tag, key_name }: PresentRepository): string | undefined {
    if (suites === undefined) {
      return "apt needs suites, like [stable], or [./] for a flat repository";
    }
    const isFlat = listOf(suites).some((suite) => suite.endsWith("/"));
    if (isFlat && components !== undefined) {
      return "apt knows no components of a flat repository, one whose suite ends in /";
    }
    if (!isFlat && components === undefined) return "apt needs components, like [main]";
    if (tag !== undefined || key_name !== undefined) return "apt knows neither tag nor key_name";
    return undefined;
  }

  #path(name: string): string {
    return `${this.etc}/apt/sources.list.d/${name}.sources`;
  }

  #keyPath(name: string): string {
    return `${this.etc}/apt/keyrings/${name}.asc`;
  }
}
