import { join } from "node:path";
import { z } from "zod";
import type { Program } from "./programs.ts";

const configSchema = z.looseObject({ imports: z.record(z.string(), z.string()) });
const lockSchema = z.looseObject({ specifiers: z.record(z.string(), z.string()) });
const graphSchema = z.object({ modules: z.array(z.object({ specifier: z.string() })) });

/** Where the compiler finds its configuration, and the versions it may use. */
export interface CompileConfig {
  readonly config: string;
  readonly lock: string;
}

/**
 * Writes deno.json and deno.lock reduced to the packages that `program` imports, into `folder`. The compiler embeds
 * every package that its lock file names, and the development tools alone are 200 MB.
 *
 * @throws {Error} if the module graph of the program cannot be read, for example because a file is missing.
 */
export async function writeCompileConfig(
  root: string,
  program: Program,
  folder: string,
): Promise<CompileConfig> {
  const modules = [program.entry, ...program.includes].filter((path) => /\.tsx?$/.test(path));
  const graphs = await Promise.all(modules.map((module) => packagesIn(root, module)));
  const used = new Set(graphs.flat());
  const { imports, ...config } = configSchema.parse(await readJson(join(root, "deno.json")));
  const lock = lockSchema.parse(await readJson(join(root, "deno.lock")));
  const reduced = {
    ...config,
    imports: keep(imports, (_, target) => used.has(packageOf(target))),
    tasks: {},
    lock: undefined,
  };
  const reducedLock = {
    ...lock,
    specifiers: keep(lock.specifiers, (specifier) => used.has(packageOf(specifier))),
    workspace: undefined,
  };
  await Deno.mkdir(folder, { recursive: true });
  const written = { config: join(folder, "deno.json"), lock: join(folder, "deno.lock") };
  await Deno.writeTextFile(written.config, JSON.stringify(reduced));
  await Deno.writeTextFile(written.lock, JSON.stringify(reducedLock));
  return written;
}

/** `npm:@scope/name@1.2.3/sub/path`, with or without a slash after the colon → `@scope/name@1.2.3`. */
export function packageOf(specifier: string): string {
  return /^npm:\/?((?:@[^/]+\/)?[^/@]+@[^/]+)/.exec(specifier)?.[1] ?? specifier;
}

async function packagesIn(root: string, module: string): Promise<readonly string[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", module],
    cwd: root,
  }).output();
  if (!success) {
    throw new Error(`Cannot read imports of ${module}: ${new TextDecoder().decode(stderr).trim()}`);
  }
  const { modules } = graphSchema.parse(JSON.parse(new TextDecoder().decode(stdout)));
  return modules.map(({ specifier }) => packageOf(specifier));
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await Deno.readTextFile(path));
}

function keep(
  record: Readonly<Record<string, string>>,
  isKept: (key: string, value: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(Object.entries(record).filter(([key, value]) => isKept(key, value)));
}
