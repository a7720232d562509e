import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { writeCompileConfig } from "./compile_config.ts";
import { PERMISSIONS } from "./permissions.ts";
import { ownTarget, type Program, PROGRAMS, TARGETS } from "./programs.ts";
import { RUNTIME_FLAGS } from "./runtime_flags.ts";

/** The compiler walks the folders of the packages recursively; its default of 2 MiB overflows on this many. */
const COMPILER_STACK_BYTES = 64 * 1024 * 1024;

/** A compilation that failed for a reason the user can do something about; the message is one line. */
export class CompileError extends Error {
  override readonly name = "CompileError";
}

/** What makes executables, and from what. */
export interface CompileOptions {
  /** The repository. */
  readonly root: string;
  /** Folder that gets one folder per target. */
  readonly distFolder: string;
  readonly programs?: readonly Program[];
  /** A Deno executable; without it the one that runs this. */
  readonly compiler?: string;
}

/**
 * Compiles every program for one target into `<distFolder>/<target>/`, with `SHA256SUMS` beside them.
 *
 * @param target a key of {@linkcode TARGETS}.
 * @returns the folder.
 * @throws {CompileError} if a source is missing, the compiler refuses, or there is no runtime for the target.
 */
export async function compileTarget(target: string, options: CompileOptions): Promise<string> {
  const triple = TARGETS[target];
  if (!triple) {
    const known = Object.keys(TARGETS).join(", ");
    throw new CompileError(`Cannot compile for "${target}": the targets are ${known}`);
  }
  const folder = join(options.distFolder, target);
  await Deno.mkdir(folder, { recursive: true });
  const executables: string[] = [];
  for (const program of options.programs ?? PROGRAMS) {
    const executable = join(folder, program.name);
    await compileProgram(program, triple, executable, options);
    executables.push(executable);
  }
  await writeSums(folder, executables);
  return folder;
}

async function compileProgram(
  program: Program,
  triple: string,
  output: string,
  { root, distFolder, compiler = Deno.execPath() }: CompileOptions,
): Promise<void> {
  for (const path of [program.entry, ...program.includes]) await requireFile(root, path, program);
  const includes = await listIncludes(root, program);
  const configFolder = join(distFolder, ".config", program.name);
  const { config, lock } = await writeCompileConfig(root, program, configFolder);
  const { success, code, stderr } = await new Deno.Command(compiler, {
    args: [
      "compile",
      "--quiet",
      "--no-check",
      ...["--config", config, "--lock", lock, "--target", triple, "--output", output],
      ...PERMISSIONS[program.name],
      ...RUNTIME_FLAGS[program.name],
      ...includes.flatMap((path) => ["--include", path]),
      program.entry,
    ],
    cwd: root,
    stdin: "null",
    stdout: "null",
    env: { NO_COLOR: "1", RUST_MIN_STACK: String(COMPILER_STACK_BYTES) },
  }).output();
  if (success) return;
  const said = new TextDecoder().decode(stderr);
  if (/denort/.test(said) && !Deno.env.get("DENORT_BIN")) {
    throw new CompileError(
      `Cannot compile for ${triple}: its Deno runtime cannot be downloaded here. Set DENORT_BIN to a local denort of the same version`,
    );
  }
  const reason = (said.split("Stack backtrace:")[0] ?? "").trim().replaceAll(/\s*\n\s*/g, " ");
  throw new CompileError(
    `Cannot compile ${program.name} for ${triple}: ${reason || `status ${code}`}`,
  );
}

async function listIncludes(root: string, { includes }: Program): Promise<string[]> {
  const listed: string[] = [];
  for (const path of includes) {
    if (!path.endsWith("/")) listed.push(path);
    else {
      for await (const { name, isDirectory } of Deno.readDir(join(root, path))) {
        if (isDirectory) listed.push(`${path}${name}`);
      }
    }
  }
  return listed.sort();
}

async function requireFile(root: string, path: string, program: Program): Promise<void> {
  try {
    await Deno.stat(join(root, path));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new CompileError(
      `Cannot compile ${program.name}: ${path} does not exist. Correct the list in tools/programs.ts`,
    );
  }
}

/** The format of `sha256sum`, so that `sha256sum -c SHA256SUMS` checks a download. */
async function writeSums(folder: string, executables: readonly string[]): Promise<void> {
  const lines: string[] = [];
  for (const executable of executables) {
    const hash = createHash("sha256");
    using file = await Deno.open(executable);
    for await (const chunk of file.readable) hash.update(chunk);
    lines.push(`${hash.digest("hex")}  ${basename(executable)}\n`);
  }
  await Deno.writeTextFile(join(folder, "SHA256SUMS"), lines.join(""));
}

/** A given runtime fits one target only, so without a choice it is this machine's; otherwise all are made. */
function defaultTargets(): readonly string[] {
  return Deno.env.get("DENORT_BIN") ? [ownTarget()] : Object.keys(TARGETS);
}

const USAGE = `Usage: deno task compile [target...]

Compile vigosrv, vigo and vigocli into dist/<target>/, with SHA256SUMS.
Targets: ${Object.keys(TARGETS).join(", ")}; without one, all of them.

Environment:
  DENORT_BIN      a local runtime to compile with; then the default target is this machine's
  DENO_COMPILER   the deno executable that compiles; default: the one that runs this

Examples:
  # executables for this kind of machine
  deno task compile ${ownTarget()}
  # everything that is released
  deno task compile
`;

if (import.meta.main) {
  if (Deno.args.some((arg) => arg === "--help" || arg === "-h")) {
    await Deno.stdout.write(new TextEncoder().encode(USAGE));
    Deno.exit(0);
  }
  const targets = Deno.args.length > 0 ? Deno.args : defaultTargets();
  const root = Deno.cwd();
  const compiler = Deno.env.get("DENO_COMPILER");
  try {
    for (const target of targets) {
      console.log(`Compiling for ${target}`);
      const distFolder = join(root, "dist");
      const folder = await compileTarget(target, {
        root,
        distFolder,
        ...(compiler ? { compiler } : {}),
      });
      console.log(await Deno.readTextFile(join(folder, "SHA256SUMS")));
    }
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
