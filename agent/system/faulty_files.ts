import type { Sha256 } from "../../shared/crypto/sha256.ts";
import { FileError } from "./file_error.ts";
import type { Attributes, Entry, FileCopy, Files, NewFile, Owner } from "./files.ts";

type Method = keyof Files;

/** Real files, of which chosen operations fail as a bad disk lets them fail. */
export class FaultyFiles implements Files {
  readonly #faults = new Map<Method, string>();

  constructor(private readonly files: Files) {}

  /** From now on `method` fails with a system code like `ENOSPC`; without a code it works again. */
  fail(method: Method, code: string | undefined): void {
    if (code === undefined) this.#faults.delete(method);
    else this.#faults.set(method, code);
  }

  inspect(path: string): Promise<Entry | undefined> {
    return this.#unlessFaulty("inspect", path, () => this.files.inspect(path));
  }

  inspectFolderOf(path: string): Promise<Attributes> {
    return this.#unlessFaulty("inspectFolderOf", path, () => this.files.inspectFolderOf(path));
  }

  sha256(path: string): Promise<Sha256> {
    return this.#unlessFaulty("sha256", path, () => this.files.sha256(path));
  }

  read(path: string, maxBytes: number): Promise<Uint8Array> {
    return this.#unlessFaulty("read", path, () => this.files.read(path, maxBytes));
  }

  readWithEntry(path: string, maxBytes: number): Promise<FileCopy | undefined> {
    return this.#unlessFaulty("read", path, () => this.files.readWithEntry(path, maxBytes));
  }

  async *readStream(path: string): AsyncGenerator<Uint8Array> {
    await this.#unlessFaulty("readStream", path, () => Promise.resolve());
    yield* this.files.readStream(path);
  }

  list(path: string): Promise<readonly string[]> {
    return this.#unlessFaulty("list", path, () => this.files.list(path));
  }

  writeFile(path: string, file: NewFile): Promise<void> {
    return this.#unlessFaulty("writeFile", path, () => this.files.writeFile(path, file));
  }

  setAttributes(path: string, attributes: Partial<Attributes>, found: Entry): Promise<void> {
    return this.#unlessFaulty(
      "setAttributes",
      path,
      () => this.files.setAttributes(path, attributes, found),
    );
  }

  makeDirectory(path: string, mode: number, owner?: Partial<Owner>): Promise<void> {
    return this.#unlessFaulty(
      "makeDirectory",
      path,
      () => this.files.makeDirectory(path, mode, owner),
    );
  }

  writeSymlink(path: string, target: string): Promise<void> {
    return this.#unlessFaulty("writeSymlink", path, () => this.files.writeSymlink(path, target));
  }

  removeFile(path: string): Promise<void> {
    return this.#unlessFaulty("removeFile", path, () => this.files.removeFile(path));
  }

  removeDirectory(path: string, options: { readonly recursive: boolean }): Promise<void> {
    return this.#unlessFaulty(
      "removeDirectory",
      path,
      () => this.files.removeDirectory(path, options),
    );
  }

  async #unlessFaulty<T>(method: Method, path: string, act: () => Promise<T>): Promise<T> {
    const code = this.#faults.get(method);
    if (code !== undefined) {
      throw new FileError(method, path, Object.assign(new Error(code), { code }));
    }
    return await act();
  }
}
