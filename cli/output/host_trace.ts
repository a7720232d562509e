import type { HostTraceAnswer } from "../../shared/rest/config_views.ts";
import { sanitize } from "../../shared/terminal/sanitize.ts";
import type { Style } from "../../shared/terminal/style.ts";
import { placedLine } from "./placed_line.ts";

type Value = HostTraceAnswer["variables"][number]["value"];
type Crate = HostTraceAnswer["crates"][number];
type Resource = HostTraceAnswer["resources"][number];

/** Where everything comes from that a host gets, and under each value the weaker ones that it overrode. */
export function renderHostTrace(
  trace: HostTraceAnswer,
  { width, style }: { readonly width: number; readonly style: Style },
): string {
  const line = (lead: string, text: string, place = "") =>
    placedLine({ lead, text, place }, width, style);
  const valueLines = (
    indent: string,
    name: string,
    value: Value,
    overrode: readonly Value[],
  ): string[] => [
    line(indent, `${name} = ${JSON.stringify(value.value)}  ${value.from}`, value.place),
    ...value.result === undefined
      ? []
      : [line(`${indent}  `, `is ${JSON.stringify(value.result)}`)],
    ...overrode.map((weaker) =>
      line(`${indent}  `, `over ${JSON.stringify(weaker.value)}  ${weaker.from}`, weaker.place)
    ),
  ];
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", style.bold(title), ...lines];
  const resource = (one: Resource): string[] => [
    line("  ", `${one.id}  in ${one.crate}`, one.place),
    ...Object.entries(one.params).flatMap(([name, value]) =>
      valueLines("    ", name, value, value.overrode)
    ),
    ...one.when === null ? [] : [line("    ", `when ${describeCondition(one.when)}`)],
    ...one.deferred.length === 0
      ? []
      : [line("    ", `filled in on the machine: ${one.deferred.join(", ")}`)],
    ...one.dependsOn.length === 0 ? [] : [line("    ", `after ${one.dependsOn.join(", ")}`)],
  ];
  const variables = (crate: string | null) =>
    trace.variables.filter((variable) => variable.crate === crate)
      .flatMap(({ name, value, overrode }) => valueLines("  ", name, value, overrode));
  const cratesWithOwn = [...new Set(trace.variables.map(({ crate }) => crate))]
    .filter((crate) => crate !== null);
  return [
    style.bold(sanitize(trace.hostname)),
    trace.match
      ? line("  ", `entry ${trace.match.pattern}`, trace.match.place)
      : "  no entry of the stacks matches this hostname, so it gets nothing",
    ...trace.environment === null ? [] : [`  environment ${sanitize(trace.environment)}`],
    ...trace.problems.map((problem) => style.red(`  ! ${sanitize(problem)}`)),
    ...section("Crates", trace.crates.flatMap((crate) => crateLines(crate, line))),
    ...section("Variables", variables(null)),
    ...cratesWithOwn.flatMap((crate) =>
      section(`Variables of ${sanitize(crate)} alone`, variables(crate))
    ),
    ...section("Resources", trace.resources.flatMap(resource)),
    ...section(
      "Left out",
      trace.leftOut.map(({ declared, crate, place, when }) =>
        line("  ", `${declared}  in ${crate}${when === null ? "" : `, when ${when}`}`, place)
      ),
    ),
  ].join("\n");
}

/** The steps that lead to a crate, but for the one that names it. */
function crateLines(
  { name, place, via }: Crate,
  line: (lead: string, text: string, place?: string) => string,
): string[] {
  const way = via.slice(0, -1).map((step) => `${step.kind} ${step.name}`).join(" → ");
  const named = via.at(-1)?.place ?? "";
  return [line("  ", name, place), ...way === "" ? [] : [line("    ", `from ${way}`, named)]];
}

function describeCondition(when: unknown): string {
  if (typeof when === "string") return when;
  const expression: unknown = typeof when === "object" && when !== null
    ? Reflect.get(when, "expression")
    : undefined;
  return typeof expression === "string" ? expression : JSON.stringify(when);
}
