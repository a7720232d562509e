import { hostname } from "node:os";
import { FileError } from "../file_error.ts";
import { describeFailure, type Processes, ProgramNotFoundError } from "../processes.ts";
import type { KernelHostname } from "./kernel_hostname.ts";

const TIMEOUT_MS = 10_000;

/**
 * The name of this kernel, changed by hostname(1), or where a small system lacks that through /proc, which containers often
 * have read-only. A bus or a daemon is not needed.
 */
export class LinuxHostname implements KernelHostname {
  constructor(
    private readonly processes: Processes,
    private readonly kernelFile = "/proc/sys/kernel/hostname",
  ) {}

  read(): Promise<string> {
    return Promise.resolve(hostname());
  }

  async write(name: string): Promise<void> {
    try {
      const result = await this.processes.run({ argv: ["hostname", name], timeoutMs: TIMEOUT_MS });
      if (result.end === "exited" && result.status === 0) return;
      const failure = describeFailure("hostname", result);
      throw new Error(`Cannot set the hostname to "${name}": ${failure}`);
    } catch (error) {
      if (!(error instanceof ProgramNotFoundError)) throw error;
    }
    try {
      await Deno.writeTextFile(this.kernelFile, `${name}\n`, { create: false });
    } catch (error) {
      throw new FileError("set the hostname in", this.kernelFile, error);
    }
  }
}
