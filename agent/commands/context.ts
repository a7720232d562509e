import { type RootPaths, rootPaths } from "../../shared/platform/root_paths.ts";

/** What the verbs of `vigo` touch besides the machine itself. */
export interface AgentContext {
  /** Writes to standard output as it is. `false`: whoever read it has gone, and has not got this. */
  write(text: string): boolean | void;
  /** Writes to standard error as it is. */
  writeError(text: string): void;
  readonly isTerminal: boolean;
  readonly columns?: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the person interrupts. */
  readonly signal: AbortSignal;
  /** The present, in ms since 1970. */
  now(): number;
  /** All of standard input, or nothing if it is a terminal. */
  readStdin(): Promise<string | undefined>;
  /** Standard input as it comes, byte for byte, or nothing if it is a terminal. */
  openStdin?(): AsyncIterable<Uint8Array> | undefined;
  /** Asks the person at the terminal; no terminal, no answer and everything but yes is a no. */
  confirm?(question: string): Promise<boolean>;
}

/** Where everything lives: `--root`, else `VIGO_ROOT`, else `/`. */
export function resolveRoot(flag: string | undefined, env: AgentContext["env"]): RootPaths {
  return rootPaths(flag || env["VIGO_ROOT"] || "/");
}
