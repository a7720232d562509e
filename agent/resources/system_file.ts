import type { ApplyContext } from "./resource.ts";

/**
 * The text of a configuration file of the system; `undefined` if there is none.
 *
 * @throws {FileError} if it is no file, or larger than `maxBytes`.
 */
export async function readOptional(
  path: string,
  maxBytes: number,
  { files }: ApplyContext,
): Promise<string | undefined> {
  if (await files.inspect(path) === undefined) return undefined;
  return new TextDecoder().decode(await files.read(path, maxBytes));
}

/** Replaces such a file in one step, after a snapshot of the old one; owner and mode stay, and are root's 0644 for a new one. */
export async function replaceText(
  path: string,
  text: string,
  { files, snapshots, self }: ApplyContext,
): Promise<void> {
  const found = await files.inspect(path);
  await snapshots.keep(path);
  const attributes = found?.kind === "file" ? found : { mode: 0o644, ...self };
  const { mode, uid, gid } = attributes;
  await files.writeFile(path, { content: new TextEncoder().encode(text), mode, uid, gid });
}
