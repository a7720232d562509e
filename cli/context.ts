import type { ApiClient } from "./client/api_client.ts";
import type { ConnectionFlags, ServerPlace } from "./client/connection.ts";
import type { Output } from "./output/output.ts";

/** What a command may touch besides the server. Tests pass fakes. */
export interface CliContext {
  readonly output: Output;
  /** Opens a client for the server that the flags mean. */
  connect(flags: ConnectionFlags): Promise<ApiClient>;
  /** Opens a client for somebody who has no token yet, and says where it leads. */
  connectAsNobody(flags: ConnectionFlags): Promise<{ client: ApiClient; place: ServerPlace }>;
  /**
   * Keeps a text in a file of `~/.config/vigo/` that its owner alone may read, or removes the file where there is no text.
   * Answers its path.
   */
  keepForUser(name: "server" | "ca.crt" | "token", text: string | undefined): Promise<string>;
  /** The name of whoever runs the command, for the note in audit records. */
  readonly operator: string;
  /** The present, in ms since 1970. */
  now(): number;
  /** Opens a file that the operator named. */
  openFile(path: string): Promise<LocalFile>;
  /** All of standard input, as text. */
  readInput(): Promise<string>;
  /** Asks on the terminal without showing what is typed; undefined when the operator interrupts. */
  askHidden(label: string): Promise<string | undefined>;
  /** True if somebody sits at a terminal who can be asked. */
  readonly isInteractive: boolean;
  /** Asks a question on the terminal; true only if the answer is yes. */
  confirm(question: string): Promise<boolean>;
  /** Writes a file that the operator named, in place of one that is there. */
  writeFile(path: string, text: string): Promise<void>;
  /** The root folder that the environment names; `/` without one. */
  readonly root: string;
  /** Waits; returns early, without an error, when the signal fires. */
  pause(ms: number): Promise<void>;
  /** Fires when the operator interrupts. */
  readonly signal: AbortSignal;
}

/** A file on the operator's machine. */
export interface LocalFile {
  readonly name: string;
  readonly sizeBytes: number;
  stream(): ReadableStream<Uint8Array>;
}
