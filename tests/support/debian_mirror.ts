import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { offerFiles } from "./debian_package.ts";
import { runCommand, runOrThrow } from "./run_command.ts";
import type { ThrowawayMachine } from "./throwaway_machine.ts";

/** A few dozen packages over a slow line. */
const DOWNLOAD_DEADLINE_MS = 180_000;

/**
 * Downloads packages, and what they need beyond what is installed here, from the sources that this machine's apt knows.
 * Nothing but `folder` changes: lists and archives are kept there.
 *
 * @returns the files; or why there are none, in one line.
 */
export async function downloadPackages(
  folder: string,
  names: readonly string[],
): Promise<{ readonly files: readonly string[] } | { readonly reason: string }> {
  if (!existsSync("/usr/bin/apt-get")) return { reason: "this machine has no apt" };
  await Deno.mkdir(join(folder, "archives/partial"), { recursive: true });
  await Deno.mkdir(join(folder, "lists/partial"), { recursive: true });
  const common = [`Dir::Cache=${folder}`, "APT::Sandbox::User=root", "Debug::NoLocking=true"];
  const apt = (options: readonly string[], ...words: readonly string[]) =>
    runCommand("apt-get", [...options.flatMap((option) => ["-o", option]), "-y", "-q", ...words], {
      env: { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" },
      deadlineMs: DOWNLOAD_DEADLINE_MS,
    });
  const download = ["install", "--download-only", "--no-install-recommends", ...names];
  let result = await apt(common, ...download);
  if (result.code !== 0) {
    // The lists that are here may be missing, or older than what the mirror has.
    const own = [...common, `Dir::State::lists=${folder}/lists`];
    await apt(own, "update");
    result = await apt(own, ...download);
  }
  if (result.code !== 0) {
    const [first = "apt-get failed"] = result.stderr.trim().split("\n");
    return { reason: first };
  }
  const files: string[] = [];
  for await (const { name } of Deno.readDir(join(folder, "archives"))) {
    if (!name.endsWith(".deb")) continue;
    // Versions with a colon have %3a for it, which apt reads in several ways when it stands in an index.
    const file = join(folder, "archives", name.replaceAll("%", "_"));
    await Deno.rename(join(folder, "archives", name), file);
    files.push(file);
  }
  return { files: files.toSorted() };
}

/** Makes downloaded packages the only ones that apt knows in a machine, which has no network. */
export async function offerDownloads(
  machine: ThrowawayMachine,
  files: readonly string[],
): Promise<void> {
  const entries = await Promise.all(files.map(async (file) => {
    const bytes = await Deno.readFile(file);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const control = await runOrThrow("dpkg-deb", ["--field", file]);
    const place = `Filename: ./${basename(file)}\nSize: ${bytes.length}\nSHA256: ${sha256}\n`;
    return `${control.trimEnd()}\n${place}`;
  }));
  await offerFiles(machine, files, entries.join("\n"));
}
