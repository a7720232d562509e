import type { PresentRepository } from "../../../shared/config/resources/repository.ts";
import type { SourceFiles } from "./package_sources.ts";
import { keyFault, keyText, listOf } from "./source_key.ts";

/** Where a source of dnf, yum or zypper and its key are kept. */
export interface YumRepositoryPaths {
  readonly repository: string;
  readonly key: string;
}

/**
 * The `.repo` file that dnf, yum and zypper share, and the key that packages of this source have to be signed by.
 *
 * @param extra Lines that one of the managers alone knows.
 */
export function describeYumRepository(
  manager: string,
  repository: PresentRepository,
  paths: YumRepositoryPaths,
  extra: readonly string[] = [],
): SourceFiles {
  const { name, key, key_file, trusted, enabled } = repository;
  const reason = keyFault(manager, repository, "openpgp") ?? findFault(manager, repository);
  if (reason !== undefined) return { ok: false, reason };
  const keyPath = key === undefined ? key_file : paths.key;
  const lines = [
    `[${name}]`,
    `name=${repository.description ?? name}`,
    `baseurl=${listOf(repository.uris).join(" ")}`,
    `enabled=${enabled ? 1 : 0}`,
    `gpgcheck=${trusted ? 0 : 1}`,
    ...(keyPath === undefined ? [] : [`gpgkey=file://${keyPath}`]),
    ...extra,
  ];
  return {
    ok: true,
    files: [
      ...(key === undefined ? [] : [{ path: paths.key, text: keyText(key) }]),
      { path: paths.repository, text: lines.map((line) => `${line}\n`).join("") },
    ],
  };
}

const UNKNOWN = ["suites", "components", "architectures", "tag", "key_name"] as const;

function findFault(manager: string, repository: PresentRepository): string | undefined {
  const unknown = UNKNOWN.find((parameter) => repository[parameter] !== undefined);
  return unknown === undefined
    ? undefined
    : `${manager} knows no "${unknown}"; its addresses lead to one repository, like "https://packages.example.com/el9/x86_64"`;
}
