import type { ExitCode } from "./exit_code.ts";

/** Thrown by a command that has printed all there is to say, to end with a status other than 0. */
export class CommandExit extends Error {
  override readonly name = "CommandExit";

  constructor(readonly exitCode: ExitCode) {
    super(`The command ends with status ${exitCode}`);
  }
}
