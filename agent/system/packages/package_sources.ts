import type { PresentRepository } from "../../../shared/config/resources/repository.ts";

/** A file that says where packages come from, or that holds a key which signs them. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export type SourceFiles =
  | { readonly ok: true; readonly files: readonly SourceFile[] }
  /** Something is asked for that this package manager does not know. */
  | { readonly ok: false; readonly reason: string };

/** How a package manager keeps its sources, one file for each and one for its key. */
export interface PackageSources {
  /** What the files of a source hold, the key first. */
  describe(repository: PresentRepository): SourceFiles;
  /** Every file that a source may have, also one that nothing is known of but how it is called. */
  paths(repository: Pick<PresentRepository, "name" | "key_name">): readonly string[];
  /**
   * Fetches the index of a source, whose files are in place.
   *
   * @throws {BlockedError} if it cannot be had, or is not signed by the key.
   */
  refresh(repository: PresentRepository): Promise<void>;
}
