import type { KernelParameters } from "./kernel_parameters.ts";

/** Parameters in memory. */
export class FakeKernelParameters implements KernelParameters {
  /** By names with dots. */
  readonly values = new Map([
    ["net.ipv4.ip_forward", "0"],
    ["net.ipv4.tcp_rmem", "4096\t131072\t6291456"],
    ["net.ipv6.conf.all.disable_ipv6", "0"],
    ["vm.swappiness", "60"],
  ]);

  read(parts: readonly string[]): Promise<string | undefined> {
    return Promise.resolve(this.values.get(parts.join(".")));
  }

  write(parts: readonly string[], value: string): Promise<void> {
    // As the kernel shows lists of numbers.
    this.values.set(parts.join("."), value.replaceAll(" ", "\t"));
    return Promise.resolve();
  }
}
