import { hostname } from "node:os";
import { describeFailure, type Processes } from "../processes.ts";
import type { KernelHostname } from "./kernel_hostname.ts";

const TIMEOUT_MS = 10_000;

/** The name of this kernel, changed by hostname(1), which every Linux has; a bus or a daemon is not needed. */
export class LinuxHostname implements KernelHostname {
  constructor(private readonly processes: Processes) {}

  read(): Promise<string> {
    return Promise.resolve(hostname());
  }

  async write(name: string): Promise<void> {
    const result = await this.processes.run({ argv: ["hostname", name], timeoutMs: TIMEOUT_MS });
    if (result.end === "exited" && result.status === 0) return;
    throw new Error(`Cannot set the hostname to "${name}": ${describeFailure("hostname", result)}`);
  }
}
