import type { UserEntry } from "../system/accounts.ts";
import { describeFailure, type Program, type ProgramResult } from "../system/processes.ts";
import type { ApplyContext } from "./resource.ts";

/** Above what resources can ask for. */
const MAX_FILE_BYTES = 2 * 1024 * 1024;
/** A home on a server that is gone, or a pipe that somebody planted, must not hold a run. */
const TIMEOUT_MS = 15_000;
/** Status by which the script says that there is no file. */
const NO_FILE = 3;

const READ_SCRIPT = `
cd -- "$1" || exit 1
file=.ssh/$2
[ -e "$file" ] || exit ${NO_FILE}
[ -f "$file" ] || { echo "$1/$file is not a file" >&2; exit 1; }
[ "$(wc -c < "$file")" -le ${MAX_FILE_BYTES} ] || { echo "$1/$file is too large" >&2; exit 1; }
exec cat -- "$file"`;

/** `cp -p` for the mode of what is replaced. */
const WRITE_SCRIPT = `
set -e
umask 077
cd -- "$1"
mkdir -p .ssh
chmod 700 .ssh
rm -f .ssh/.vigo-tmp
if [ "$3" = keep ] && [ -f ".ssh/$2" ]; then cp -p ".ssh/$2" .ssh/.vigo-tmp; fi
cat > .ssh/.vigo-tmp
mv -f .ssh/.vigo-tmp ".ssh/$2"`;

/** Files of ssh in a home: `authorized_keys` is its user's alone, of `known_hosts` the mode stays. */
export type SshFile = "authorized_keys" | "known_hosts";

/**
 * The text of a file in a user's `~/.ssh`; empty if there is none. A home is its user's to fill with links and pipes, so the
 * file is read and written by a short program with the user's own rights; root never opens a path below a home.
 */
export async function readSshFile(
  user: UserEntry,
  file: SshFile,
  context: ApplyContext,
): Promise<string> {
  const result = await runAs(user, [READ_SCRIPT, user.home, file], file, context, {});
  if (result.end === "exited" && result.status === NO_FILE) return "";
  if (result.end !== "exited" || result.status !== 0) {
    throw new Error(describeFailure(`Reading ${file} of "${user.name}"`, result));
  }
  return result.stdout;
}

/** Replaces the file in one step; `~/.ssh` is made if it is missing. */
export async function writeSshFile(
  user: UserEntry,
  file: SshFile,
  text: string,
  context: ApplyContext,
): Promise<void> {
  const mode = file === "known_hosts" ? "keep" : "private";
  const words = [WRITE_SCRIPT, user.home, file, mode] as const;
  const result = await runAs(user, words, file, context, { stdin: text });
  if (result.end === "exited" && result.status === 0) return;
  throw new Error(describeFailure(`Writing ${file} of "${user.name}"`, result));
}

function runAs(
  user: UserEntry,
  [script, ...args]: readonly [string, ...string[]],
  file: SshFile,
  { processes, self, signal }: ApplyContext,
  input: Pick<Program, "stdin">,
): Promise<ProgramResult> {
  if (self.uid !== 0 && self.uid !== user.uid) {
    throw new Error(`Cannot manage ${file} of "${user.name}": the agent runs as uid ${self.uid}`);
  }
  return processes.run({
    argv: ["/bin/sh", "-c", script, "sh", ...args],
    as: { uid: user.uid, gid: user.gid, groups: [] },
    timeoutMs: TIMEOUT_MS,
    // Each half is kept; nothing of a file of the largest size is left out.
    maxOutputBytes: 2 * MAX_FILE_BYTES,
    signal,
    ...input,
  });
}
