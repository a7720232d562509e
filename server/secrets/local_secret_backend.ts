import { join } from "node:path";
import type { Secret } from "../../shared/crypto/secret.ts";
import { sha256Hex } from "../../shared/crypto/sha256.ts";
import { syncFolder, writeFileDurable } from "../../shared/platform/durable_write.ts";
import { SerialQueue } from "../service/serial_queue.ts";
import {
  assertKeepable,
  MAX_SECRETS,
  type SecretBackend,
  SecretError,
  type SecretInfo,
  type SecretRecipe,
} from "./secret_backend.ts";
import {
  MAX_SEALED_BYTES,
  openSecret,
  readSecretInfo,
  readSecretPath,
  sealSecret,
} from "./sealed_secret.ts";

/** What the key of this backend is derived from the master key for. */
export const SECRET_KEY_PURPOSE = "vigo.secrets.v1";

const FILE_SUFFIX = ".secret";
const TEMPORARY_PREFIX = ".tmp-";

export interface LocalSecretOptions {
  /** Made with mode 0700 if it is missing; its parent must exist. */
  readonly folder: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
  readonly now: () => number;
}

/**
 * Secrets as files of a folder, one each, sealed under a key that the master key makes. A file is named by the SHA-256 of
 * the path, which any file system takes and which leads nowhere else.
 *
 * A crash leaves the old value or the new one; the temporary file of a write that was cut off goes with the next start.
 */
export class LocalSecretBackend implements SecretBackend {
  readonly #options: LocalSecretOptions;
  /** One change at a time, in the order asked for. */
  readonly #changes = new SerialQueue();

  private constructor(options: LocalSecretOptions) {
    this.#options = options;
  }

  /** Opens the folder, closes it to everybody else, and removes what a crash has left behind. */
  static async open(options: LocalSecretOptions): Promise<LocalSecretBackend> {
    const { folder } = options;
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    await Deno.chmod(folder, 0o700);
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile && name.startsWith(TEMPORARY_PREFIX)) await Deno.remove(join(folder, name));
    }
    return new LocalSecretBackend(options);
  }

  /** Reads a folder as it is, beside whoever else has it open. */
  static reader(options: LocalSecretOptions): Pick<SecretBackend, "get"> {
    return new LocalSecretBackend(options);
  }

  async info(path: string): Promise<SecretInfo | undefined> {
    const text = await this.#read(path, this.#fileOf(path));
    return text === undefined ? undefined : readSecretInfo(path, text);
  }

  async get(path: string): Promise<Secret | undefined> {
    const text = await this.#read(path, this.#fileOf(path));
    return text === undefined ? undefined : openSecret(this.#options.key, path, text);
  }

  set(path: string, value: Secret, recipe?: SecretRecipe): Promise<SecretInfo> {
    return this.#changes.run(async () => {
      assertKeepable(path, value);
      const before = await this.#infoToReplace(path);
      if (before === undefined && await this.#count() >= MAX_SECRETS) {
        const message =
          `Cannot keep secret "${path}": there are ${MAX_SECRETS} already. Delete one that nothing names`;
        throw new SecretError(message, path);
      }
      const info: SecretInfo = {
        path,
        version: (before?.version ?? 0) + 1,
        updatedAtMs: Math.trunc(this.#options.now()),
        ...(recipe === undefined ? {} : { recipe }),
      };
      const text = sealSecret(this.#options.key, info, value);
      await writeFileDurable(this.#fileOf(path), text, { mode: 0o600 });
      return info;
    });
  }

  delete(path: string): Promise<boolean> {
    return this.#changes.run(async () => {
      try {
        await Deno.remove(this.#fileOf(path));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return false;
        throw error;
      }
      await syncFolder(this.#options.folder);
      return true;
    });
  }

  async list(): Promise<{ secrets: SecretInfo[]; problems: string[] }> {
    const secrets: SecretInfo[] = [];
    const problems: string[] = [];
    for (const name of await this.#names()) {
      const file = join(this.#options.folder, name);
      const text = await this.#read(name, file).catch(asProblem);
      // Deleted since its name was read.
      if (text === undefined) continue;
      const path = typeof text === "string" ? readSecretPath(text) : undefined;
      if (typeof text === "string" && path !== undefined && this.#fileOf(path) === file) {
        secrets.push(readSecretInfo(path, text));
      } else {problems.push(
          `"${file}" is no file of a secret. Restore it from a backup or remove it`,
        );}
    }
    secrets.sort((one, other) => one.path < other.path ? -1 : 1);
    return { secrets, problems };
  }

  /** A damaged file is no reason to refuse the value that mends it. */
  async #infoToReplace(path: string): Promise<SecretInfo | undefined> {
    try {
      return await this.info(path);
    } catch (error) {
      if (error instanceof SecretError) return undefined;
      throw error;
    }
  }

  async #count(): Promise<number> {
    return (await this.#names()).length;
  }

  async #names(): Promise<string[]> {
    const names: string[] = [];
    for await (const { name, isFile } of Deno.readDir(this.#options.folder)) {
      if (isFile && name.endsWith(FILE_SUFFIX)) names.push(name);
    }
    return names;
  }

  #fileOf(path: string): string {
    return join(this.#options.folder, `${sha256Hex(path)}${FILE_SUFFIX}`);
  }

  /** The text of a file, or undefined if there is none. */
  async #read(path: string, file: string): Promise<string | undefined> {
    try {
      const { isFile, size } = await Deno.lstat(file);
      if (!isFile || size > MAX_SEALED_BYTES) {
        throw new SecretError(
          `Cannot read secret "${path}": "${file}" is not a file of its size. Restore it from a backup`,
          path,
        );
      }
      return await Deno.readTextFile(file);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }
}

function asProblem(error: unknown): SecretError {
  if (error instanceof SecretError) return error;
  throw error;
}
