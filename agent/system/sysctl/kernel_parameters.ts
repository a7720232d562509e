/** The parameters of a running kernel, by the parts of their names: `["net", "ipv4", "ip_forward"]`. */
export interface KernelParameters {
  /** The value as the kernel shows it, without the final line end; `undefined` if there is no such parameter. */
  read(parts: readonly string[]): Promise<string | undefined>;
  /** @throws {FileError} if the kernel refuses the value, or does not let this process change it. */
  write(parts: readonly string[], value: string): Promise<void>;
}
