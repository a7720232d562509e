import type { UserEntry } from "../system/accounts.ts";
import { diffContent } from "./content_diff.ts";
import type { Edit } from "./edited_file.ts";
import { readSshFile, type SshFile, writeSshFile } from "./home_file.ts";
import {
  type ApplyContext,
  type Change,
  differences,
  type Finding,
  IN_SYNC,
  unknown,
} from "./resource.ts";

/** A file in a user's `~/.ssh` of which a resource manages a part. */
export interface SshFileParams {
  readonly ensure: "present" | "absent";
  readonly user: string;
  readonly file: SshFile;
}

/** What an edit would change. A user that is not there has nothing that could be removed. */
export async function checkSshFile(
  { ensure, user: name, file }: SshFileParams,
  edit: Edit,
  context: ApplyContext,
): Promise<Finding> {
  const user = await context.accounts.findUser(name);
  if (user === undefined) {
    if (ensure === "absent") return IN_SYNC;
    return context.foreseen?.has("user", name) === true
      ? differences([`${file} of ${name}: absent → present`])
      : unknown(`there is no user "${name}" on this machine`);
  }
  if (await isHomeless(user, context)) {
    return ensure === "absent" ? IN_SYNC : unknown(`there is no home "${user.home}" of "${name}"`);
  }
  const { uid } = context.self;
  if (uid !== 0 && uid !== user.uid) {
    return unknown(`cannot look at ${file} of "${name}": the agent runs as uid ${uid}`);
  }
  const text = await readSshFile(user, file, context);
  // What could not be decoded could not be written back either.
  if (/[\0\uFFFD]/.test(text)) return unknown(`${file} of "${name}" is not UTF-8 text`);
  const edited = edit(text);
  if (!edited.ok) return unknown(`${file} of "${name}": ${edited.reason}`);
  if (edited.text === text) return IN_SYNC;
  const path = `${user.home}/.ssh/${file}`;
  const before = text === "" ? undefined : new TextEncoder().encode(text);
  return differences([diffContent(path, before, new TextEncoder().encode(edited.text))]);
}

export async function applySshFile(
  { ensure, user: name, file }: SshFileParams,
  edit: Edit,
  context: ApplyContext,
): Promise<Change> {
  const user = await context.accounts.findUser(name);
  if (user === undefined) throw new Error(`there is no user "${name}" on this machine`);
  const text = await readSshFile(user, file, context);
  if (/[\0\uFFFD]/.test(text)) throw new Error(`${file} of "${name}" is not UTF-8 text`);
  const edited = edit(text);
  if (!edited.ok) throw new Error(`${file} of "${name}": ${edited.reason}`);
  if (edited.text === text) return "none";
  await writeSshFile(user, file, edited.text, context);
  if (ensure === "absent") return "deleted";
  return text === "" ? "created" : "updated";
}

/** Only whether there is something: what it is the user's own program finds out. */
async function isHomeless({ home }: UserEntry, { files }: ApplyContext): Promise<boolean> {
  return await files.inspect(home) === undefined;
}
