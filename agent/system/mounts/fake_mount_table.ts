import { findFstabEntries } from "./fstab.ts";
import type { Mounted, MountTable } from "./mount_table.ts";

/** Mounts in memory, made from a real table of file systems. */
export class FakeMountTable implements MountTable {
  readonly mounted = new Map<string, Mounted>();

  /** @param fstab Path of the table that is to be believed. */
  constructor(private readonly fstab: string) {}

  find(path: string): Promise<Mounted | undefined> {
    return Promise.resolve(this.mounted.get(path));
  }

  shows(path: string, device: string): Promise<boolean> {
    return Promise.resolve(this.mounted.get(path)?.device === device);
  }

  async mount(path: string): Promise<void> {
    const [entry] = findFstabEntries(await Deno.readTextFile(this.fstab), path);
    if (entry === undefined) throw new Error(`mount: ${path}: can't find in fstab`);
    const { device, fstype, options } = entry;
    const isFlag = (option: string) => !option.includes("=") && option !== "defaults";
    this.mounted.set(path, {
      device,
      fstype,
      options: ["rw", ...options.filter(isFlag)],
      superOptions: options.filter((option) => !isFlag(option)),
    });
  }

  remount(path: string, options: readonly string[]): Promise<void> {
    const found = this.mounted.get(path);
    if (found === undefined) throw new Error(`mount: ${path}: not mounted`);
    const flags = options.filter((option) => !option.includes("="));
    const values = options.filter((option) => option.includes("="));
    this.mounted.set(path, { ...found, options: flags, superOptions: values });
    return Promise.resolve();
  }

  unmount(path: string): Promise<void> {
    this.mounted.delete(path);
    return Promise.resolve();
  }

  noticeFstab(): Promise<void> {
    return Promise.resolve();
  }
}
