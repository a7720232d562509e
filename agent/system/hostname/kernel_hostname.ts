/** What the kernel calls the machine now; a restart forgets it. */
export interface KernelHostname {
  read(): Promise<string>;
  /** @throws {Error} if the kernel refuses. */
  write(name: string): Promise<void>;
}
