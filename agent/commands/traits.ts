import { Command } from "@commander-js/extra-typings";
import type { Json } from "../../shared/canonical/canonical_json.ts";
import { VERSION } from "../../shared/config/version.ts";
import type { RootPaths } from "../../shared/platform/root_paths.ts";
import { CommandExit } from "../../shared/terminal/command_exit.ts";
import { EXIT_CODE } from "../../shared/terminal/exit_code.ts";
import { renderProgressBar } from "../../shared/terminal/progress_bar.ts";
import { withExamples } from "../../shared/terminal/run_cli.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import { UserError } from "../../shared/terminal/user_error.ts";
import { suggestName } from "../../shared/naming/nearest_name.ts";
import { jsonText } from "../../shared/terminal/json_text.ts";
import { agentPaths } from "../store/agent_paths.ts";
import { collectTraits, type FailedCollector } from "../traits/collect_traits.ts";
import type { Collector } from "../traits/collector.ts";
import { builtInCollectors } from "../traits/collectors.ts";
import { findLocalOperators } from "../traits/local_operators.ts";
import { nativeSystem } from "../traits/native_system.ts";
import type { AgentContext } from "./context.ts";
import { describeAgent } from "./describe_agent.ts";

/** The trait that the agent adds about itself. */
const AGENT_SELF = "agent_self";

/** `vigo traits`: what is known of this machine, read now. */
export function traitsCommand(context: AgentContext, roots: () => RootPaths) {
  const command = new Command("traits")
    .description("Show what is known of this machine, read now")
    .argument("[name...]", "only what is below these names, such as os or os.distro")
    .option("--json", "print JSON")
    .action(async (names, { json }) => {
      const { traits, failed } = await readTraits(context, roots(), names);
      const wanted = select(traits, names, failed);
      context.write(
        json
          ? jsonText(wanted.value)
          : wanted.parts.flatMap(({ value, path }) => flatten(value, path)).join(""),
      );
      for (const { name, reason } of failed) {
        context.writeError(
          `warning: trait collector ${sanitize(name)} failed: ${sanitize(reason)}\n`,
        );
      }
      if (failed.length > 0) throw new CommandExit(EXIT_CODE.failed);
    });
  command.addHelpText(
    "after",
    "\nEnds with 1 if one of the traits that were asked for could not be read.",
  );
  return withExamples(command, [
    ["vigo traits os", "one collector"],
    ["vigo traits os.distro memory.total_mb", "some values"],
    ["vigo traits --json", "everything, for a program"],
  ]);
}

async function readTraits(context: AgentContext, roots: RootPaths, names: readonly string[]) {
  const { swarmFolder, configFolder, agentSocket } = agentPaths(roots);
  const system = nativeSystem(roots);
  const builtIn = builtInCollectors(swarmFolder);
  const wanted = new Set(names.map((name) => name.split(".", 1)[0] ?? ""));
  const isWanted = ({ name }: { readonly name: string }) => wanted.size === 0 || wanted.has(name);
  const known = new Set([...builtIn.map(({ name }) => name), AGENT_SELF]);
  // Programs of the operator's are looked for only when one may be meant.
  const found = wanted.size > 0 && [...wanted].every((name) => known.has(name))
    ? { collectors: [] }
    : await findLocalOperators(configFolder);
  for (const { name } of found.collectors) known.add(name);
  const missing = [...wanted].find((name) => !known.has(name));
  if (missing !== undefined) throw unknownCollector(missing, known, found.problem);
  const due = [...builtIn, ...found.collectors].filter(isWanted);
  const { traits, failed } = await collectTraits(due, system, {
    ...progressOf(context, due),
    signal: context.signal,
  });
  context.signal.throwIfAborted();
  const all: readonly FailedCollector[] = [
    ...(found.problem === undefined ? [] : [found.problem]),
    ...failed,
  ];
  if (!isWanted({ name: AGENT_SELF })) return { traits, failed: all };
  const self = await describeAgent(system, {
    version: VERSION,
    root: roots.root,
    agentSocket,
    nowMs: context.now(),
    failed: all.map(({ name }) => name),
    signal: context.signal,
  });
  return { traits: { ...traits, [AGENT_SELF]: self }, failed: all };
}

function unknownCollector(
  name: string,
  known: ReadonlySet<string>,
  problem: FailedCollector | undefined,
): UserError {
  const why = problem === undefined
    ? `there is ${[...known].sort().join(", ")}${suggestName(name, known)}`
    : `it is none of Vigo's own, and ${problem.name} could not be looked into: ${problem.reason}`;
  return new UserError(`Cannot find trait "${name}": ${why}`);
}

/** A line that shows how far reading is, while a terminal shows it. */
function progressOf(context: AgentContext, collectors: readonly Collector[]) {
  if (!context.isTerminal) return {};
  let done = 0;
  return {
    onDone: () => {
      done += 1;
      const isDone = done === collectors.length;
      const bar = renderProgressBar({ label: "traits", fraction: done / collectors.length });
      context.writeError(isDone ? "\r\u001b[K" : `\r${bar}\u001b[K`);
    },
  };
}

/** What of the traits is shown: as one value for programs, and part by part for people. */
export function select(
  traits: Readonly<Record<string, Json>>,
  names: readonly string[],
  failed: readonly FailedCollector[] = [],
): { readonly value: Json; readonly parts: readonly { path: string; value: Json }[] } {
  if (names.length === 0) return { value: traits, parts: [{ path: "", value: traits }] };
  const isFailed = (name: string) =>
    failed.some((failure) => failure.name === name.split(".", 1)[0]);
  const parts = names.filter((name) => !isFailed(name))
    .map((path) => ({ path, value: pick(traits, path) }));
  const [only] = parts;
  if (names.length === 1) return { value: only === undefined ? null : only.value, parts };
  return { value: Object.fromEntries(parts.map(({ path, value }) => [path, value])), parts };
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
      const known = isObject(value) ? Object.keys(value) : [];
      const names = known.length > 0 ? known.slice(0, 12).join(", ") : "no members";
      throw new UserError(
        `Cannot find trait "${path}": there is no "${step}" ${
          before === "" ? "among the collectors" : `below ${before}`
        }; there is ${names}${suggestName(step, known)}`,
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
