import { archive } from "../../../agent/resources/archive.ts";
import { sha256Hex } from "../../../shared/crypto/sha256.ts";
import { resourceContract } from "../resource_contract.ts";
import { runOrThrow } from "../run_command.ts";
import type { TemporaryMachine } from "../temporary_machine.ts";

/** Packs a small tree with tar(1), told by the ending of its name; returns the archive's path. */
export async function pack(machine: TemporaryMachine, name = "app-1.0.tar.gz"): Promise<string> {
  const tree = machine.root.join("tree");
  await Deno.mkdir(`${tree}/app-1.0/bin`, { recursive: true });
  await Deno.writeTextFile(`${tree}/app-1.0/bin/app`, "#!/bin/sh\n", { mode: 0o755 });
  await Deno.writeTextFile(`${tree}/app-1.0/README`, "read me\n");
  const path = machine.root.join(name);
  // macOS would put files of its own beside those that have attributes.
  const env = { COPYFILE_DISABLE: "1" };
  const args = ["--create", "--auto-compress", `--file=${path}`, "-C", tree, "app-1.0"];
  await runOrThrow("tar", args, { env });
  await Deno.remove(tree, { recursive: true });
  return path;
}

export const archiveContract = resourceContract(archive, {
  bad: [
    { params: { path: "/opt/x" }, names: "source" },
    { params: { path: "/opt/x", source: "https://host/x.tar.gz" }, names: "sha256" },
    { params: { path: "/opt/x", source: "ftp://host/x.tar.gz" }, names: "source" },
    { params: { path: "/opt/x", source: "https://me:pw@host/x.tar" }, names: "source" },
    { params: { path: "/opt/x", source: "/srv/x.rpm" }, names: "format" },
    { params: { path: "/opt/x", source: "/srv/x.zip", sha256: "abc" }, names: "sha256" },
  ],
  unknown: [
    {
      title: "an archive that is not on the machine",
      prepare: (machine) =>
        Promise.resolve({ path: "/opt/x", source: machine.root.join("nowhere.tar") }),
      reason: /source ".*nowhere.tar" is not a file on this machine/,
    },
    {
      title: "a file where the folder should be",
      prepare: async (machine) => ({
        path: machine.root.join("etc/passwd"),
        source: await pack(machine),
      }),
      reason: /is a file, not a folder/,
    },
  ],
  cases: [
    {
      title: "an archive that was never unpacked",
      prepare: async (machine) => ({
        path: machine.root.join("opt/app"),
        source: await pack(machine),
        strip_components: 1,
      }),
      tamper: (machine) =>
        Deno.writeTextFile(machine.root.join("opt/app/README"), "changed by hand\n"),
      verify: async (machine) => {
        const { mode } = await Deno.stat(machine.root.join("opt/app/bin/app"));
        if (((mode ?? 0) & 0o777) !== 0o755) throw new Error("a program cannot be run");
      },
    },
    {
      title: "an archive with a hash, which may be gone once it is unpacked",
      prepare: async (machine) => {
        const source = await pack(machine, "app.tar");
        return {
          path: machine.root.join("opt"),
          source,
          sha256: sha256Hex(await Deno.readFile(source)),
        };
      },
      tamper: (machine) => Deno.remove(machine.root.join("opt/app-1.0/bin"), { recursive: true }),
    },
    {
      title: "an archive of which one file says whether it is needed",
      prepare: async (machine) => ({
        path: machine.root.join("opt"),
        source: await pack(machine, "app.tgz"),
        creates: machine.root.join("opt/app-1.0/bin/app"),
      }),
      tamper: (machine) => Deno.remove(machine.root.join("opt/app-1.0/bin/app")),
    },
    {
      title: "an archive that was replaced by another one",
      prepare: async (machine) => ({
        path: machine.root.join("opt"),
        source: await pack(machine, "app.tar"),
      }),
      tamper: async (machine) => {
        const tree = machine.root.join("new");
        await Deno.mkdir(tree);
        await Deno.writeTextFile(`${tree}/NEWS`, "news\n".repeat(10_000));
        await runOrThrow("tar", ["-cf", machine.root.join("app.tar"), "-C", tree, "NEWS"]);
      },
    },
  ],
});
