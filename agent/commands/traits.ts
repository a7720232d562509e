import { Command } from "@commander-js/extra-typings";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import { VERSION } from "../../shared/config/version.ts";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { collectTraits } from "../traits/collect_traits.ts";
import { COLLECTORS } from "../traits/collectors.ts";
import { nativeSystem } from "../traits/native_system.ts";
import type { AgentContext } from "./context.ts";

/** `vigo traits`: what is known of this machine, read now. */
export function traitsCommand(context: AgentContext, roots: () => RootPaths) {
  const command = new Command("traits")
    .description("Show what is known of this machine, read now")
    .argument("[path]", "only what is below this path, such as os.distro")
    .option("--json", "print JSON")
    .action(async (path, { json }) => {
      const { traits, failed } = await collectTraits(COLLECTORS, nativeSystem(roots()));
      const all = {
        ...traits,
        agent_self: { version: VERSION, failed: failed.map(({ name }) => name).sort() },
      };
      const wanted = path === undefined ? all : pick(all, path);
      context.write(
        json ? `${JSON.stringify(wanted, null, 2)}\n` : flatten(wanted, path ?? "").join(""),
      );
      for (const { name, reason } of failed) {
        context.writeError(`warning: trait collector ${name} failed: ${sanitize(reason)}\n`);
      }
    });
  return withExamples(command, [
    ["vigo traits os", "one collector"],
    ["vigo traits --json", "everything, for a program"],
  ]);
}

/**
 * The value at a dotted path.
 *
 * @throws {UserError} naming the first step that leads nowhere and what there is instead.
 */
export function pick(traits: Json, path: string): Json {
  let value = traits;
  const steps = path.split(".");
  for (const [index, step] of steps.entries()) {
    const next = isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
    if (next === undefined) {
      const before = steps.slice(0, index).join(".");
      const names = isObject(value) ? Object.keys(value).slice(0, 12).join(", ") : "no members";
      throw new UserError(
        `Cannot find trait "${path}": there is no "${step}" ${
          before === "" ? "among the collectors" : `below ${before}`
        }; there is ${names}`,
      );
    }
    value = next;
  }
  return value;
}

/** Lines of `path = value`, in the order of the names. */
export function flatten(value: Json, path: string): string[] {
  if (isObject(value) && Object.keys(value).length > 0) {
    return Object.keys(value).sort().flatMap((key) => {
      const member = value[key];
      return member === undefined ? [] : flatten(member, path === "" ? key : `${path}.${key}`);
    });
  }
  return [`${sanitize(path)} = ${sanitize(describe(value))}\n`];
}

function describe(value: Json): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) {
    return value.join(", ");
  }
  return JSON.stringify(value);
}

function isObject(value: Json): value is { readonly [key: string]: Json | undefined } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
