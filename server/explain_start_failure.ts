import { systemFailure } from "../shared/terminal/system_failure.ts";

/** What stands between a listener and its address, by the system's code, and what to do. */
const LISTEN_FAILURES = {
  EADDRINUSE: "another program listens there. Stop it, or choose another port in server.yaml",
  EADDRNOTAVAIL: "this host has no such address. Correct server.listen in server.yaml",
  // What this runtime says of such an address.
  EINVAL: "this host has no such address. Correct server.listen in server.yaml",
  EACCES: "this user may not listen there. Choose a port of 1024 or more in server.yaml",
} as const;

/** A full or failing disk, in the words of the system and of SQLite. */
const DISK_FAILURES = /No space left on device|database or disk is full|disk I\/O error/;

/**
 * Why a start failed, in one line. A stack is of no use to whoever set a port twice.
 *
 * Listeners report a taken address each in their own words, but all name the system's code and the address after it.
 */
export function explainStartFailure(error: unknown): string {
  const message = oneLine(error instanceof Error ? error.message : String(error));
  for (const [code, remedy] of Object.entries(LISTEN_FAILURES)) {
    const [, address] = new RegExp(`${code}: .*?([\\d.:[\\]a-f]*:\\d+)`).exec(message) ?? [];
    if (address !== undefined) return `Cannot listen on ${address}: ${remedy}`;
  }
  if (DISK_FAILURES.test(message)) {
    return `Cannot start: the disk takes no writes (${message}). Make room below /srv/vigo and start again`;
  }
  const failure = systemFailure(error);
  if (failure?.path !== undefined) {
    return `Cannot start: cannot use "${
      oneLine(failure.path)
    }": ${failure.reason}. Put right what is there, and start again`;
  }
  // Our own errors say what could not be done and what to do about it.
  return /^(Cannot|Refusing) /.test(message) ? message : `Cannot start: ${message}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
