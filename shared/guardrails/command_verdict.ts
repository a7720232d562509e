import { findProtectedPath } from "./protected_names.ts";

/** What became of a command that was looked at. */
export type CommandVerdict =
  | { readonly ok: true }
  | {
    readonly ok: false;
    /** The kind of command, as in `systemctl stop vigo`. */
    readonly pattern: string;
    /** Completes "because it …": what the command would do. */
    readonly reason: string;
  };

/** A command that is not to be run. */
export function refuse(pattern: string, reason: string): CommandVerdict {
  return { ok: false, pattern, reason };
}

/** The protected place that a path of a command reaches, read from the folder it runs in. */
export function protectedPath(
  path: string,
  folder: string,
  withAncestors: boolean,
): string | undefined {
  if (path === "") return undefined;
  return findProtectedPath(path.startsWith("/") ? path : `${folder}/${path}`, { withAncestors });
}

/** The name of a program, however it is reached. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).toLowerCase();
}
