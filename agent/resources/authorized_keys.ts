import type { UserEntry } from "../system/accounts.ts";
import { readSshFile, writeSshFile } from "./home_file.ts";
import type { ApplyContext } from "./resource.ts";

/** The lines of a user's authorized_keys; none if there is no file. */
export async function readAuthorizedKeys(
  user: UserEntry,
  context: ApplyContext,
): Promise<readonly string[]> {
  const text = await readSshFile(user, "authorized_keys", context);
  return text.split("\n").filter((line) => line !== "");
}

/** Replaces the file in one step. */
export async function writeAuthorizedKeys(
  user: UserEntry,
  keys: readonly string[],
  context: ApplyContext,
): Promise<void> {
  const text = keys.map((key) => `${key}\n`).join("");
  await writeSshFile(user, "authorized_keys", text, context);
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
