import { createHash } from "node:crypto";
import { join } from "node:path";
import { buildDebianPackage, type DebianPackage, describePackages } from "./debian_package.ts";
import { runOrThrow } from "./run_command.ts";
import { TemporaryRoot } from "./temporary_root.ts";

/** A flat repository of Debian packages whose Release is signed. */
export interface SignedRepository {
  readonly folder: string;
  /** The public half of the key, armored. */
  readonly key: string;
  readonly fingerprint: string;
}

/**
 * Makes a repository in `folder` of this machine and signs it with a key that is made for it and then forgotten.
 *
 * @throws {Error} if gpg or dpkg-deb are missing.
 */
export async function makeSignedRepository(
  folder: string,
  wanted: readonly DebianPackage[],
): Promise<SignedRepository> {
  await Deno.mkdir(folder, { recursive: true });
  const files: string[] = [];
  for (const one of wanted) files.push(await buildDebianPackage(folder, one));
  const packages = await describePackages(wanted, files);
  await Deno.writeTextFile(join(folder, "Packages"), packages);
  const bytes = new TextEncoder().encode(packages);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const release = `Date: ${new Date().toUTCString().replace("GMT", "UTC")}\n` +
    `Suite: stable\nSHA256:\n ${sha256} ${bytes.length} Packages\n`;
  await using home = await TemporaryRoot.create();
  await Deno.chmod(home.path, 0o700);
  const gpg = ["--homedir", home.path, "--batch", "--quiet", "--passphrase", ""];
  const name = "tests@vigo.invalid";
  try {
    await runOrThrow("gpg", [...gpg, "--quick-gen-key", name, "ed25519", "sign", "never"]);
    await Deno.writeTextFile(home.join("Release"), release);
    const signed = join(folder, "InRelease");
    const sign = ["--yes", "--output", signed, "--clear-sign", home.join("Release")];
    await runOrThrow("gpg", [...gpg, ...sign]);
    const listed = await runOrThrow("gpg", [...gpg, "--with-colons", "--list-keys"]);
    const fingerprint = /^fpr:*([0-9A-F]{40}):/m.exec(listed)?.[1];
    if (fingerprint === undefined) throw new Error(`gpg lists no key: ${listed}`);
    return { folder, key: await runOrThrow("gpg", [...gpg, "--armor", "--export"]), fingerprint };
  } finally {
    await runOrThrow("gpgconf", ["--homedir", home.path, "--kill", "all"]);
  }
}
