import { Command } from "@commander-js/extra-typings";
import { VERSION } from "../../shared/config/version.ts";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { type AgentContext, resolveRoot } from "./context.ts";

/** `vigo` without its commands, and below which folder it keeps everything. */
export function rootProgram(context: AgentContext) {
  const program = new Command("vigo")
    .description("Keeps this machine as its fleet wants it")
    .version(VERSION, "--version", "print the version")
    .option("--root <dir>", "keep everything below this folder; default: VIGO_ROOT, then /");
  const roots = (): RootPaths => resolveRoot(program.opts().root, context.env);
  return { program, roots };
}
