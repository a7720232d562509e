import type { Json } from "../../shared/canonical/canonical_json.ts";

/** What a collector may look at. Tests pass recorded answers. */
export interface TraitSystem {
  readonly platform: "linux" | "darwin";
  /** Text of a file of the machine (`/proc`, `/etc/os-release`), or `undefined` if it is not there. */
  readText(path: string): Promise<string | undefined>;
  /** Names in a folder; none if it is not there. */
  list(path: string): Promise<readonly string[]>;
  /** Standard output of a program, or `undefined` if it is not installed. Fails on a status other than 0. */
  run(command: readonly string[], signal: AbortSignal): Promise<string | undefined>;
  /** `/etc/passwd` and `/etc/group` of the root when it has users of its own, else of the machine. */
  readAccounts(file: "passwd" | "group"): Promise<string | undefined>;
  hostname(): string;
  networkInterfaces(): readonly InterfaceAddress[];
  cpuCount(): number;
  architecture(): string;
  kernelRelease(): string;
  memory(): Promise<MemoryFacts>;
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

/** Bytes of memory. */
export interface MemoryFacts {
  readonly total: number;
  readonly available: number;
  readonly swapTotal: number;
  readonly swapFree: number;
}

/**
 * One collector. *Volatile* traits are read at every check-in, *stable* ones at every tenth, and only a digest of the
 * stable ones travels while they do not change. The shape of the answer is the same on every system.
 */
export interface Collector {
  readonly name: string;
  readonly kind: "stable" | "volatile";
  collect(system: TraitSystem, signal: AbortSignal): Promise<Json>;
}
