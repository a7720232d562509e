import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { type FileSet, toPuppetManifest } from "./converge_files.ts";
import { measureProcess, type Subject } from "./converge_sample.ts";

const summarySchema = z.object({
  resources: z.object({ failed: z.number() }),
  time: z.object({ catalog_application: z.number() }),
});

/**
 * `puppet apply` with a manifest of the same files. Everything it writes beside them lies in `folder`.
 *
 * @returns The reason if it is not installed.
 */
export async function openPuppet(
  folder: string,
  set: FileSet,
): Promise<{ ok: true; subject: Subject } | { ok: false; reason: string }> {
  try {
    await new Deno.Command("puppet", { args: ["--version"], stdout: "null", stderr: "null" })
      .output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { ok: false, reason: "puppet: it is not installed (Debian package puppet)" };
  }
  const target = join(folder, "managed");
  const manifest = join(folder, "converge.pp");
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(manifest, toPuppetManifest(set, target));
  const folders = ["confdir", "vardir", "rundir", "logdir", "publicdir"];
  const args = [
    "apply",
    "--color=false",
    ...folders.flatMap((name) => [`--${name}`, join(folder, name)]),
    manifest,
  ];
  return {
    ok: true,
    subject: {
      name: "puppet",
      target,
      run: async () => {
        const { printed: _, ...sample } = await measureProcess("puppet", args);
        const { resources, time } = summarySchema.parse(
          parse(await Deno.readTextFile(join(folder, "publicdir/last_run_summary.yaml"))),
        );
        if (resources.failed > 0) throw new Error(`puppet: ${resources.failed} resources failed`);
        return { ...sample, applyMs: time.catalog_application * 1000 };
      },
    },
  };
}
