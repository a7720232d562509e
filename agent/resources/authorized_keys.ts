import type { UserEntry } from "../system/accounts.ts";
import { describeFailure, type Program, type ProgramResult } from "../system/processes.ts";
import type { ApplyContext } from "./resource.ts";

/** Above what the schema of `user` can ask for. */
const MAX_KEYS_FILE_BYTES = 2 * 1024 * 1024;
/** A home on a server that is gone, or a pipe that somebody planted, must not hold a run. */
const TIMEOUT_MS = 15_000;
/** Status by which the script says that there is no file. */
const NO_FILE = 3;

const READ_SCRIPT = `
cd -- "$1" || exit 1
file=.ssh/authorized_keys
[ -e "$file" ] || exit ${NO_FILE}
[ -f "$file" ] || { echo "$1/$file is not a file" >&2; exit 1; }
exec cat -- "$file"`;

const WRITE_SCRIPT = `
set -e
umask 077
cd -- "$1"
mkdir -p .ssh
chmod 700 .ssh
rm -f .ssh/.vigo-tmp
cat > .ssh/.vigo-tmp
mv -f .ssh/.vigo-tmp .ssh/authorized_keys`;

/**
 * The lines of a user's authorized_keys; none if there is no file. A home is its user's to fill with links and pipes, so
 * the file is read and written by a short program with the user's own rights; root never opens a path below a home.
 */
export async function readAuthorizedKeys(
  user: UserEntry,
  context: ApplyContext,
): Promise<readonly string[]> {
  const result = await runAs(user, READ_SCRIPT, context, {});
  if (result.end === "exited" && result.status === NO_FILE) return [];
  if (result.end !== "exited" || result.status !== 0) {
    throw new Error(describeFailure(`Reading authorized_keys of "${user.name}"`, result));
  }
  return result.stdout.split("\n").filter((line) => line !== "");
}

/** Replaces the file in one step; `~/.ssh` is made if it is missing. */
export async function writeAuthorizedKeys(
  user: UserEntry,
  keys: readonly string[],
  context: ApplyContext,
): Promise<void> {
  const stdin = keys.map((key) => `${key}\n`).join("");
  const result = await runAs(user, WRITE_SCRIPT, context, { stdin });
  if (result.end === "exited" && result.status === 0) return;
  throw new Error(describeFailure(`Writing authorized_keys of "${user.name}"`, result));
}

/** One line for each key to come or to go; without wanted keys the file is not managed. */
export function authorizedKeysDifferences(
  wanted: readonly string[] | undefined,
  found: readonly string[],
): readonly string[] {
  if (wanted === undefined) return [];
  const lines = [
    ...found.filter((key) => !wanted.includes(key)).map((key) => `authorized_keys: - ${key}`),
    ...wanted.filter((key) => !found.includes(key)).map((key) => `authorized_keys: + ${key}`),
  ];
  if (lines.length > 0 || found.join("\n") === wanted.join("\n")) return lines;
  return ["authorized_keys: other order, or lines twice"];
}

function runAs(
  user: UserEntry,
  script: string,
  { processes, self, signal }: ApplyContext,
  input: Pick<Program, "stdin">,
): Promise<ProgramResult> {
  if (self.uid !== 0 && self.uid !== user.uid) {
    throw new Error(
      `Cannot manage authorized_keys of "${user.name}": the agent runs as uid ${self.uid}`,
    );
  }
  return processes.run({
    argv: ["/bin/sh", "-c", script, "sh", user.home],
    as: { uid: user.uid, gid: user.gid, groups: [] },
    timeoutMs: TIMEOUT_MS,
    maxOutputBytes: MAX_KEYS_FILE_BYTES,
    signal,
    ...input,
  });
}
