import type { Subject } from "./converge_sample.ts";
import type { ConvergeSet } from "./converge_set.ts";

/** A program of somebody else that does the same. */
export interface Rival {
  readonly name: string;
  /** What it is run as; looked for in PATH. */
  readonly command: string;
  readonly debianPackage: string;
  /** Writes the set in the rival's language. Everything it writes beside the target lies in `folder`, which exists. */
  open(folder: string, set: ConvergeSet): Promise<Subject>;
}

export async function isInstalled({ command }: Pick<Rival, "command">): Promise<boolean> {
  try {
    await new Deno.Command(command, { args: ["--version"], stdout: "null", stderr: "null" })
      .output();
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return false;
  }
}
