/** One mounted file system, as mountinfo of proc(5) tells it. */
export interface Mounted {
  readonly device: string;
  readonly fstype: string;
  /** Of this mount: `ro`, `noexec`. */
  readonly options: readonly string[];
  /** Of the file system, for all its mounts: `rw`, `size=65536k`. */
  readonly superOptions: readonly string[];
}

/** What is mounted where. Paths are those of mount points; links in them are resolved. */
export interface MountTable {
  /** The file system that is seen at a path, if it is a mount point. */
  find(path: string): Promise<Mounted | undefined>;
  /** Whether what is mounted at `path` is `device`: by whatever name, of a bind mount the folder, of an image its loop. */
  shows(path: string, device: string, kind: { readonly isBind: boolean }): Promise<boolean>;
  /** Mounts what fstab(5) says of the path. */
  mount(path: string): Promise<void>;
  remount(path: string, options: readonly string[]): Promise<void>;
  unmount(path: string): Promise<void>;
  /** Tells the system that fstab has changed. */
  noticeFstab(): Promise<void>;
}
