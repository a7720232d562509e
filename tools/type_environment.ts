import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";

const configSchema = z.object({
  imports: z.record(z.string(), z.string()).default({}),
  compilerOptions: z.record(z.string(), z.unknown()).default({}),
});

/** What the TypeScript compiler needs to see this code as Deno sees it. */
export interface TypeEnvironment {
  /** A folder whose `node_modules` has every package of the import map. */
  readonly packageFolder: string;
  /** Declarations of the runtime, as `deno types` prints them. */
  readonly runtimeTypes: string;
  /** `compilerOptions` of deno.json, as written there. */
  readonly compilerOptions: Readonly<Record<string, unknown>>;
}

/**
 * Lays the packages of `root`'s deno.json out in a `node_modules` of their own, in the ignored `.cache/`, since the
 * compiler knows no other layout; the programs themselves run without one. Versions come from deno.lock. It takes
 * some seconds once, and nothing until the imports change.
 *
 * @throws {Error} if the packages cannot be installed.
 */
export async function prepareTypeEnvironment(root: string): Promise<TypeEnvironment> {
  const config = configSchema.parse(JSON.parse(await Deno.readTextFile(join(root, "deno.json"))));
  const dependencies = packagesOf(config.imports);
  const packageFolder = join(root, ".cache", "types");
  const runtimeTypes = join(packageFolder, "node_modules", "deno.d.ts");
  const stampFile = join(packageFolder, "stamp");
  const stamp = createHash("sha256")
    .update(JSON.stringify([Deno.version.deno, dependencies])).digest("hex");
  if (await readIfPresent(stampFile) !== stamp) {
    await Deno.mkdir(packageFolder, { recursive: true });
    const write = (name: string, value: unknown) =>
      Deno.writeTextFile(join(packageFolder, name), JSON.stringify(value));
    await write("deno.json", { nodeModulesDir: "auto" });
    await write("package.json", { private: true, dependencies });
    await Deno.copyFile(join(root, "deno.lock"), join(packageFolder, "deno.lock"));
    await runDeno(["install", "--quiet"], packageFolder);
    await Deno.writeTextFile(runtimeTypes, await runDeno(["types"], packageFolder));
    await Deno.writeTextFile(stampFile, stamp);
  }
  return { packageFolder, runtimeTypes, compilerOptions: config.compilerOptions };
}

/** `npm:@scope/name@1.2.3/sub/path` → `@scope/name`: `1.2.3`. */
function packagesOf(imports: Readonly<Record<string, string>>): Record<string, string> {
  const found = Object.values(imports)
    .map((target) => /^npm:(@?[^@]+)@([^/]+)/.exec(target))
    .flatMap((match) => match?.[1] && match[2] ? [[match[1], match[2]]] : []);
  return Object.fromEntries(found);
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function runDeno(args: string[], cwd: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd })
    .output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(
    `Cannot prepare types: deno ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`,
  );
}
