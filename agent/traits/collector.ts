import type { Json } from "../../shared/canonical/canonical_json.ts";

/** What a collector may look at. Tests pass recorded answers. */
export interface TraitSystem {
  readonly platform: "linux" | "darwin";
  /** Text of a file of the machine (`/proc`, `/etc/os-release`), or `undefined` if it is not there. */
  readText(path: string): Promise<string | undefined>;
  /** Names in a folder; none if it is not there. */
  list(path: string): Promise<readonly string[]>;
  /** Where a symbolic link leads, or `undefined` if there is none. */
  readLink(path: string): Promise<string | undefined>;
  /** Standard output of a program, or `undefined` if it is not installed. Fails on a status other than 0. */
  run(command: readonly string[], signal: AbortSignal): Promise<string | undefined>;
  /** `/etc/passwd` and `/etc/group` of the root when it has users of its own, else of the machine. */
  readAccounts(file: "passwd" | "group"): Promise<string | undefined>;
  /** Room in the file system that holds a path, or `undefined` if the path is not there. */
  readRoom(path: string): Promise<FilesystemRoom | undefined>;
  hostname(): string;
  networkInterfaces(): readonly InterfaceAddress[];
  cpuCount(): number;
  architecture(): string;
  kernelRelease(): string;
  loadAverage(): readonly number[];
  uptimeSeconds(): number;
}

/** One address of one interface. */
export interface InterfaceAddress {
  readonly name: string;
  readonly family: "IPv4" | "IPv6";
  readonly address: string;
  readonly netmask: string;
  readonly mac: string;
}

/** Bytes and files of one file system, as statfs(2) counts them. */
export interface FilesystemRoom {
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** Free for others than root. */
  readonly availableBytes: number;
  /** Inodes; 0 where the file system makes them as it needs them. */
  readonly files: number;
  readonly freeFiles: number;
}

/**
 * One collector. *Volatile* traits are read at every check-in and travel when they changed, *stable* ones at every tenth,
 * and only a digest of all of them travels while they do not change. The shape of the answer is the same on every system;
 * what a system does not tell is left out.
 */
export interface Collector {
  readonly name: string;
  readonly kind: "stable" | "volatile";
  /** Volatile, but read with the stable ones: it differs at every look, and would travel at every check-in. */
  readonly isSampled?: true;
  collect(system: TraitSystem, signal: AbortSignal): Promise<Json>;
}
