import type { KernelHostname } from "./kernel_hostname.ts";

/** A name in memory. */
export class FakeHostname implements KernelHostname {
  constructor(public current: string) {}

  read(): Promise<string> {
    return Promise.resolve(this.current);
  }

  write(name: string): Promise<void> {
    this.current = name;
    return Promise.resolve();
  }
}
