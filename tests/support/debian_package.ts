import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { runOrThrow } from "./run_command.ts";
import { TemporaryRoot } from "./temporary_root.ts";
import type { ThrowawayMachine } from "./throwaway_machine.ts";

/** What goes into a package: just enough for dpkg and apt to treat it as a real one. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  /** Contents of installed files by absolute path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Of `files`, those that dpkg leaves alone when somebody changed them. */
  readonly conffiles?: readonly string[];
  /** Run with `sh` after it was unpacked. */
  readonly postinst?: string;
  /** Lines of the control file beyond the required ones, as in `{ Depends: "vigo-tiny-base" }`. */
  readonly fields?: Readonly<Record<string, string>>;
}

/**
 * Builds a .deb in `folder` with `dpkg-deb` and returns its path.
 *
 * @throws {Error} if dpkg-deb refuses, for example a name in capitals.
 */
export async function buildDebianPackage(
  folder: string,
  wanted: DebianPackage,
): Promise<string> {
  await using tree = await TemporaryRoot.create();
  for (const [path, content] of Object.entries(wanted.files ?? {})) {
    await Deno.mkdir(tree.join(dirname(path)), { recursive: true });
    await Deno.writeTextFile(tree.join(path), content);
  }
  await Deno.mkdir(tree.join("DEBIAN"));
  await Deno.writeTextFile(tree.join("DEBIAN", "control"), `${controlText(wanted)}\n`);
  const { conffiles = [], postinst } = wanted;
  const listed = conffiles.map((path) => `${path}\n`).join("");
  if (listed !== "") await Deno.writeTextFile(tree.join("DEBIAN", "conffiles"), listed);
  if (postinst !== undefined) {
    const script = `#!/bin/sh\n${postinst}\n`;
    await Deno.writeTextFile(tree.join("DEBIAN", "postinst"), script, { mode: 0o755 });
    await Deno.chmod(tree.join("DEBIAN", "postinst"), 0o755);
  }
  await Deno.chmod(tree.path, 0o755);
  const file = join(folder, `${wanted.name}_${wanted.version}_all.deb`);
  await runOrThrow("dpkg-deb", ["--root-owner-group", "--build", tree.path, file]);
  return file;
}

/**
 * Makes `wanted` the only packages that apt knows in a machine: a flat `file:` repository below `/srv`, with every
 * other source removed, so that no test needs the internet. A later call replaces the repository.
 */
export async function offerPackages(
  machine: ThrowawayMachine,
  wanted: readonly DebianPackage[],
): Promise<void> {
  await using built = await TemporaryRoot.create();
  const files: string[] = [];
  for (const one of wanted) files.push(await buildDebianPackage(built.path, one));
  await offerFiles(machine, files, await describePackages(wanted, files));
}

/**
 * Makes the files of packages the only ones that apt knows in a machine.
 *
 * @param index the `Packages` that describes them, each as `./` and its name.
 */
export async function offerFiles(
  machine: ThrowawayMachine,
  files: readonly string[],
  index: string,
): Promise<void> {
  const repository = "/srv/vigo-test-packages";
  const folder = join(machine.root, repository);
  await machine.runOrThrow("rm", ["-rf", repository, "/etc/apt/sources.list.d"]);
  await Deno.mkdir(folder, { recursive: true });
  await Deno.mkdir(join(machine.root, "etc/apt/sources.list.d"));
  for (const file of files) await Deno.copyFile(file, join(folder, basename(file)));
  await Deno.writeTextFile(join(folder, "Packages"), index);
  await Deno.writeTextFile(
    join(machine.root, "etc/apt/sources.list"),
    `deb [trusted=yes] file:${repository} ./\n`,
  );
  await machine.runOrThrow("apt-get", ["update"]);
}

/** What the `Packages` of a flat repository says of packages, each built as the file at the same place in `files`. */
export async function describePackages(
  wanted: readonly DebianPackage[],
  files: readonly string[],
): Promise<string> {
  const entries = await Promise.all(files.map(async (file, index) => {
    const one = wanted[index];
    if (one === undefined) throw new Error(`no description of "${file}"`);
    const bytes = await Deno.readFile(file);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const size = `Size: ${bytes.length}\nSHA256: ${sha256}`;
    return `${controlText(one)}\nFilename: ./${basename(file)}\n${size}\n`;
  }));
  return entries.join("\n");
}

function controlText({ name, version, fields }: DebianPackage): string {
  return [
    `Package: ${name}`,
    `Version: ${version}`,
    "Architecture: all",
    "Maintainer: Vigo tests <tests@vigo.invalid>",
    "Description: made by a test",
    ...Object.entries(fields ?? {}).map(([field, value]) => `${field}: ${value}`),
  ].join("\n");
}
