import { PERMISSIONS, type ProgramName } from "../../tools/permissions.ts";
import { PROGRAMS } from "../../tools/programs.ts";
import { RUNTIME_FLAGS } from "../../tools/runtime_flags.ts";
import { TestProcess } from "./process.ts";

/** The command line that starts a program from source with the rights it ships with. */
export function programCommand(name: ProgramName, args: readonly string[]): string[] {
  const program = PROGRAMS.find((candidate) => candidate.name === name);
  if (program === undefined) throw new Error(`there is no program ${name}`);
  return [
    "run",
    "--quiet",
    "--no-check",
    "--config",
    `${repository}/deno.json`,
    ...PERMISSIONS[name],
    ...RUNTIME_FLAGS[name],
    `${repository}/${program.entry}`,
    ...args,
  ];
}

/** Starts a program that stays. */
export function startProgram(
  name: ProgramName,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): TestProcess {
  return TestProcess.start(Deno.execPath(), programCommand(name, args), { env });
}

const repository = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
