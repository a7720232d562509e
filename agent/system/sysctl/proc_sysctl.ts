import { FileError } from "../file_error.ts";
import type { KernelParameters } from "./kernel_parameters.ts";

/**
 * The parameters of this kernel, through /proc/sys. They are read and written in one call each, as proc(5) wants it: a
 * second read of a number finds the end.
 */
export class ProcSysctl implements KernelParameters {
  async read(parts: readonly string[]): Promise<string | undefined> {
    const path = pathOf(parts);
    try {
      return (await Deno.readTextFile(path)).replace(/\n$/, "");
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
        return undefined;
      }
      throw new FileError("read kernel parameter", path, error);
    }
  }

  async write(parts: readonly string[], value: string): Promise<void> {
    const path = pathOf(parts);
    try {
      await Deno.writeTextFile(path, `${value}\n`, { create: false });
    } catch (error) {
      throw new FileError("set kernel parameter", path, error);
    }
  }
}

function pathOf(parts: readonly string[]): string {
  // The schema admits no empty part and no "/"; these two would lead out.
  if (parts.some((part) => part === "." || part === "..")) {
    throw new Error(`Cannot use "${parts.join("/")}": it is no kernel parameter`);
  }
  return ["/proc/sys", ...parts].join("/");
}
