import { geteuid } from "node:process";
import type { TemporaryMachine } from "./temporary_machine.ts";

/** Homes belong to their users; a test that is not root can only be one of them. */
const UID = geteuid?.() === 0 ? 4242 : geteuid?.() ?? 0;

/** Gives a machine the user `mara` with a home, and these files in its `.ssh`; without any the folder is not made. */
export async function writeSshFolder(
  machine: TemporaryMachine,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  if (await machine.accounts.findUser("mara") === undefined) {
    await machine.accounts.createUser("mara", { uid: UID, createHome: true, system: false });
  }
  const home = machine.root.join("home/mara");
  const names = Object.keys(files);
  if (names.length > 0) await Deno.mkdir(`${home}/.ssh`, { recursive: true, mode: 0o700 });
  for (const [name, content] of Object.entries(files)) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(`${home}/.ssh/${name}`, bytes, { mode: 0o644 });
  }
  if (geteuid?.() !== 0) return;
  const paths = names.length > 0 ? [".ssh", ...names.map((name) => `.ssh/${name}`)] : [];
  for (const path of ["", ...paths]) await Deno.chown(`${home}/${path}`, UID, UID);
}
