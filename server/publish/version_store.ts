import { dirname, join } from "node:path";
import { z } from "zod";
import { isSha256, type Sha256 } from "../../shared/crypto/sha256.ts";
import type { StackFile } from "../stacks/load_stacks.ts";
import { readStackFolder } from "../stacks/read_stack_folder.ts";
import { configVersion } from "./config_version.ts";
import { DISK, type PublishFiles } from "./publish_files.ts";
import { type VersionRecord, versionRecordSchema } from "./version_log.ts";

/** Largest `.live` file read, in bytes: it holds one record. */
const MAX_LIVE_BYTES = 16 * 1024;
const MANIFEST = ".compiler";

/** What is on disk is not what was published. The message names it and what to do. */
export class VersionDamagedError extends Error {
  override readonly name = "VersionDamagedError";
}

const manifestSchema = z.strictObject({ compilerVersion: z.number().int().nonnegative() });

/**
 * Published versions on disk: `.versions/<version>/` holds one, never changed afterwards, and `.live` names the one in force
 * together with its record. (A file rather than a symbolic link, since the server's sandbox cannot make links.)
 *
 * What a crash leaves behind, step by step:
 * 1. while a version is written, a `.versions/.tmp-*` that the next start or publish removes;
 * 2. after its rename, a complete version that nothing names;
 * 3. after the log has its record, a version that the next start or publish makes live;
 * 4. after `.live` is replaced, the new version in force.
 */
export class VersionStore {
  readonly #versions: string;
  readonly #live: string;

  /** `folder` is `/srv/vigo`, wherever that is. */
  constructor(private readonly folder: string, private readonly files: PublishFiles = DISK) {
    this.#versions = join(folder, ".versions");
    this.#live = join(folder, ".live");
  }

  /** Where operators write. */
  get stagedFolder(): string {
    return join(this.folder, "stacks");
  }

  /** Writes a version durably. One that is there already and whole stays as it is; a damaged one is put aside. */
  async save(version: Sha256, stackFiles: readonly StackFile[], compilerVersion: number) {
    const final = join(this.#versions, version);
    const temporary = join(this.#versions, `.tmp-${version}`);
    const state = await this.#inspect(version);
    if (state === "whole") return;
    await this.files.remove(temporary);
    await this.files.makeFolder(temporary);
    const manifest = new TextEncoder().encode(`${JSON.stringify({ compilerVersion })}\n`);
    await this.files.writeFile(join(temporary, MANIFEST), manifest, 0o444);
    const folders = new Set<string>();
    for (const { path, bytes } of stackFiles) {
      const target = join(temporary, path);
      for (let above = dirname(target); above !== temporary; above = dirname(above)) {
        folders.add(above);
      }
      await this.files.makeFolder(dirname(target));
      await this.files.writeFile(target, bytes, 0o444);
    }
    for (const path of [...folders].sort((a, b) => b.length - a.length)) {
      await this.files.syncFolder(path);
    }
    await this.files.syncFolder(temporary);
    if (state === "damaged") {
      await this.files.rename(final, join(this.#versions, `.damaged-${version}-${Date.now()}`));
    }
    await this.files.rename(temporary, final);
    await this.files.syncFolder(this.#versions);
    await this.files.syncFolder(this.folder);
  }

  /**
   * The files of a version, checked against its name, or undefined if it is not there.
   *
   * @throws {VersionDamagedError} if a file is missing, added or changed.
   */
  async read(
    version: Sha256,
  ): Promise<{ files: readonly StackFile[]; compilerVersion: number } | undefined> {
    const folder = join(this.#versions, version);
    if (!await exists(folder)) return undefined;
    const compilerVersion = await this.#readCompilerVersion(folder, version);
    const { files, problems } = await readStackFolder(folder);
    if (problems.length > 0 || configVersion(files, compilerVersion) !== version) {
      throw new VersionDamagedError(
        `Cannot use version ${version}: the files in ${folder} are not those that were published. ` +
          "Publish the stacks again, or roll back to another version",
      );
    }
    return { files, compilerVersion };
  }

  /** Removes what a crash left behind. Not to be called while a version is written. */
  async removeLeftovers(): Promise<void> {
    if (!await exists(this.#versions)) return;
    for await (const { name } of Deno.readDir(this.#versions)) {
      if (name.startsWith(".tmp-")) await this.files.remove(join(this.#versions, name));
    }
  }

  /**
   * Removes a version that is not live. A crash leaves a `.versions/.tmp-*`, which the next start removes, and never a
   * version that is not whole.
   */
  async remove(version: Sha256): Promise<void> {
    const aside = join(this.#versions, `.tmp-${version}`);
    await this.files.remove(aside);
    await this.files.rename(join(this.#versions, version), aside);
    await this.files.syncFolder(this.#versions);
    await this.files.remove(aside);
  }

  /** Names of all versions on disk. */
  async list(): Promise<Sha256[]> {
    const versions: Sha256[] = [];
    if (!await exists(this.#versions)) return versions;
    for await (const { name } of Deno.readDir(this.#versions)) {
      if (isSha256(name)) versions.push(name);
    }
    return versions.sort();
  }

  /**
   * The record of the version in force, or undefined before the first publish.
   *
   * @throws {VersionDamagedError} if `.live` cannot be read as one.
   */
  async readLive(): Promise<VersionRecord | undefined> {
    if (!await exists(this.#live)) return undefined;
    const text = await readBounded(this.#live, MAX_LIVE_BYTES);
    const record = versionRecordSchema.safeParse(parseJson(text));
    if (record.success) return record.data;
    throw new VersionDamagedError(
      `Cannot read ${this.#live}: expected the record of a publish. Remove it and publish again`,
    );
  }

  /** Puts a version that has been saved in force, in one step. */
  async swapLive(record: VersionRecord): Promise<void> {
    const bytes = new TextEncoder().encode(`${JSON.stringify(record)}\n`);
    await this.files.writeFile(this.#live, bytes, 0o644);
  }

  async #inspect(version: Sha256): Promise<"missing" | "whole" | "damaged"> {
    try {
      return await this.read(version) ? "whole" : "missing";
    } catch (error) {
      if (error instanceof VersionDamagedError) return "damaged";
      throw error;
    }
  }

  async #readCompilerVersion(folder: string, version: Sha256): Promise<number> {
    const path = join(folder, MANIFEST);
    const manifest = await exists(path)
      ? manifestSchema.safeParse(parseJson(await readBounded(path, MAX_LIVE_BYTES)))
      : undefined;
    if (manifest?.success) return manifest.data.compilerVersion;
    throw new VersionDamagedError(
      `Cannot use version ${version}: ${path} is missing or damaged. Publish the stacks again`,
    );
  }
}

async function readBounded(path: string, limitBytes: number): Promise<string> {
  const { size } = await Deno.stat(path);
  if (size > limitBytes) throw new VersionDamagedError(`${path} has ${size} bytes: expected few`);
  return await Deno.readTextFile(path);
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
