import { join } from "node:path";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import { describeFailure, type Processes } from "../system/processes.ts";
import type { Collector } from "./collector.ts";
import { PROGRAM_TIMEOUT_MS } from "./native_system.ts";
import type { FoundCollectors } from "./trait_keeper.ts";
import { parseOperatorTrait } from "./operator_trait.ts";
import { judgeOwnership } from "./operator_ownership.ts";

/** Below the agent's configuration; the programs in it are started as the agent's own user. */
export const OPERATOR_FOLDER = "traits.d";
/** Most programs: each is started at every tenth check-in. */
export const MAX_OPERATOR_COLLECTORS = 32;
/** Largest answer of one program, in bytes. */
export const MAX_OPERATOR_OUTPUT_BYTES = 64 * 1024;

/** Names that a trait may have: what a template or a condition can write without quotes. */
const TRAIT_NAME = /^[a-z][a-z0-9_]{0,63}$/;

/** What is needed to find and run the operator's collectors. */
export interface OperatorParts {
  /** The agent's configuration folder. */
  readonly configFolder: string;
  readonly processes: Processes;
  /** Names that belong to built-in traits. */
  readonly reserved: ReadonlySet<string>;
  /** The agent's own user: nobody else may say what it runs, except root. */
  readonly uid: number;
}

/**
 * Looks for the operator's collectors: every file of `traits.d/` that does not begin with a dot is a program that prints
 * JSON, and gives the trait that its name says, without what follows the first dot. One that others than its owner could
 * change is not started, and one that may not be used stands as a collector that fails and says why.
 */
export async function findOperatorCollectors(parts: OperatorParts): Promise<FoundCollectors> {
  const folder = join(parts.configFolder, OPERATOR_FOLDER);
  const problem = (reason: string): FoundCollectors => ({
    collectors: [],
    problem: { name: OPERATOR_FOLDER, reason },
  });
  let names: string[];
  try {
    const stat = await statIfPresent(folder);
    if (stat === undefined) return { collectors: [] };
    if (!stat.isDirectory) return problem(`${folder} is not a folder. Remove it`);
    for (const path of [parts.configFolder, folder]) {
      const refusal = judgeOwnership(path, await Deno.lstat(path), parts.uid);
      if (refusal !== undefined) return problem(refusal);
    }
    names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name)
      .filter((name) => !name.startsWith(".")).sort();
  } catch (error) {
    return problem(error instanceof Error ? error.message : String(error));
  }
  const taken = new Set<string>();
  const collectors = await Promise.all(
    names.slice(0, MAX_OPERATOR_COLLECTORS).map(async (file) => {
      const name = file.split(".", 1)[0] ?? "";
      const isTwice = taken.has(name);
      taken.add(name);
      const path = join(folder, file);
      const misnamed = judgeName(name, parts.reserved, isTwice);
      if (misnamed !== undefined) return failing(fileName(file), misnamed);
      const refusal = await judgeFile(path, parts.uid);
      return refusal === undefined
        ? operatorCollector(name, path, parts.processes)
        : failing(name, refusal);
    }),
  );
  const excess = names.length - collectors.length;
  return {
    collectors: excess === 0 ? collectors : [
      ...collectors,
      failing(
        OPERATOR_FOLDER,
        `${excess} programs too many; at most ${MAX_OPERATOR_COLLECTORS} are started`,
      ),
    ],
  };
}

function judgeName(
  name: string,
  reserved: ReadonlySet<string>,
  isTwice: boolean,
): string | undefined {
  if (!TRAIT_NAME.test(name)) {
    return `a trait cannot be called "${name}": expected small letters, digits and _, at most 64`;
  }
  if (reserved.has(name)) return `"${name}" is a built-in trait. Choose another name`;
  return isTwice ? `another file gives the trait "${name}" already` : undefined;
}

async function judgeFile(path: string, uid: number): Promise<string | undefined> {
  try {
    const stat = await Deno.lstat(path);
    if (!stat.isFile) return `${path} is not a file of its own. Put the program itself there`;
    if (((stat.mode ?? 0) & 0o100) === 0) {
      return `${path} cannot be executed. Run chmod 755 ${path}, or remove it`;
    }
    return judgeOwnership(path, stat, uid);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What stands for a program whose file gives no trait a name. */
function fileName(file: string): string {
  return `${OPERATOR_FOLDER}/${file.slice(0, 64).toWellFormed()}`;
}

/** A program that is not started. */
function failing(name: string, reason: string): Collector {
  return { name, kind: "stable", collect: () => Promise.reject(new Error(reason)) };
}

function operatorCollector(name: string, path: string, processes: Processes): Collector {
  return {
    name,
    kind: "stable",
    collect: (_system, signal): Promise<Json> => runProgram(path, processes, signal),
  };
}

async function runProgram(
  path: string,
  processes: Processes,
  signal: AbortSignal,
): Promise<Json> {
  const result = await processes.run({
    argv: [path],
    timeoutMs: PROGRAM_TIMEOUT_MS,
    // The cut is made well above the limit, so that what is too long is known to be.
    maxOutputBytes: 2 * MAX_OPERATOR_OUTPUT_BYTES,
    signal,
  });
  if (result.end !== "exited" || result.status !== 0) {
    throw new Error(describeFailure(path, result));
  }
  const parsed = parseOperatorTrait(result.stdout, MAX_OPERATOR_OUTPUT_BYTES);
  if (!parsed.ok) throw new Error(`${path} printed ${parsed.reason}`);
  return parsed.value;
}

async function statIfPresent(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
