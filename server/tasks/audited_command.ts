import { sha256Hex } from "../../shared/crypto/sha256.ts";

/** Of a command in the audit log, in characters; its hash says what the rest was. */
const MAX_AUDITED_COMMAND = 2_000;

/** A command as it stands in the audit log. */
export function auditedCommand(command: string): Record<string, string> {
  return command.length <= MAX_AUDITED_COMMAND ? { command } : {
    command: `${command.slice(0, MAX_AUDITED_COMMAND).toWellFormed()}…`,
    commandSha256: sha256Hex(command),
  };
}
