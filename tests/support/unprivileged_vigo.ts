import { fileURLToPath } from "node:url";
import { dirname } from "node:path";
import { type CommandResult, runOrThrow } from "./run_command.ts";
import { TemporaryRoot } from "./temporary_root.ts";

/** The user that owns nothing, on every Linux. */
const NOBODY = 65_534;
/** What `vigo` is made of, in this repository. */
const SOURCES = ["agent", "shared", "deno.json", "deno.lock"];

/**
 * `vigo` for a user who may read nothing of whoever runs the tests: the runtime, its packages and the sources stand in a folder
 * that everybody may enter. Needs root, which alone can start a program as somebody else.
 */
export class UnprivilegedVigo implements AsyncDisposable {
  readonly #folder: TemporaryRoot;

  private constructor(folder: TemporaryRoot) {
    this.#folder = folder;
  }

  static async create(): Promise<UnprivilegedVigo> {
    const folder = await TemporaryRoot.create();
    await Deno.chmod(folder.path, 0o755);
    const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
    const { denoDir } = JSON.parse(await runOrThrow(Deno.execPath(), ["info", "--json"]));
    await copy(Deno.execPath(), folder.join("deno"));
    await Deno.mkdir(folder.join("cache"));
    await Deno.chown(folder.join("cache"), NOBODY, NOBODY);
    await copy(`${denoDir}/npm`, folder.join("cache/npm"));
    for (const source of SOURCES) await copy(`${repository}/${source}`, folder.join(source));
    return new UnprivilegedVigo(folder);
  }

  /** Runs a verb, however that ends. */
  async run(root: string, args: readonly string[]): Promise<CommandResult> {
    const { code, stdout, stderr } = await new Deno.Command(this.#folder.join("deno"), {
      args: [
        "run",
        "--quiet",
        "--no-check",
        "--cached-only",
        "--no-prompt",
        "--allow-all",
        "--config",
        this.#folder.join("deno.json"),
        this.#folder.join("agent/main.ts"),
        ...args,
        "--root",
        root,
      ],
      cwd: "/",
      clearEnv: true,
      env: { DENO_DIR: this.#folder.join("cache"), NO_COLOR: "1" },
      uid: NOBODY,
      gid: NOBODY,
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** Links where both places are on one disk, since the package cache is large; copies otherwise. */
async function copy(from: string, to: string): Promise<void> {
  await runOrThrow("sh", ["-c", 'cp -al "$0" "$1" 2>/dev/null || cp -a "$0" "$1"', from, to]);
}
