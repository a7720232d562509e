import { canonicalJson, type Json } from "../../shared/canonical/canonical_json.ts";
import type { BundleCondition, BundleResource } from "../../shared/config/policy_bundle.ts";
import { maskedParameters } from "../../shared/config/masked_parameters.ts";
import { identifiedTraits } from "../../shared/templates/identified_traits.ts";
import { formatJsonPointer } from "../../shared/templates/json_place.ts";
import { ScopeInterruption, type TemplateScope } from "../../shared/templates/template.ts";
import { formatPlace, formatProblem } from "../stacks/problem_list.ts";
import type {
  Configcrate,
  Hostcrate,
  ResourceDeclaration,
  StackTree,
  Variables,
} from "../stacks/stack_tree.ts";
import type { StackValue } from "../stacks/stack_value.ts";
import { type CompiledHost, compileHost, findHostcrate, type HostFacts } from "./compile_host.ts";
import { type InclusionStep, traceCrates } from "./trace_crates.ts";
import { recordTraitReads } from "./trait_reads.ts";
import { createScope } from "./variable_scope.ts";

/** Where everything comes from that a host gets. Places read `file:line:column`; no value of a secret is in it. */
export interface HostTrace {
  readonly hostname: string;
  /** The entry that matched, or null if none did. */
  readonly match: { readonly pattern: string; readonly place: string } | null;
  readonly environment: string | null;
  readonly crates: readonly CrateTrace[];
  readonly variables: readonly VariableTrace[];
  readonly resources: readonly ResourceTrace[];
  /** Resources of these crates that the host does not get, since a condition is false or there is no item. */
  readonly leftOut: readonly {
    readonly declared: string;
    readonly crate: string;
    readonly place: string;
    readonly when: string | null;
  }[];
  /** Why the host keeps the policy it has, if it does. */
  readonly problems: readonly string[];
}

export interface CrateTrace {
  readonly name: string;
  readonly place: string;
  /** From the file that names it, over roles and crates that lead to it. */
  readonly via: readonly InclusionStep[];
}

export interface VariableTrace {
  readonly name: string;
  /** The configcrate for which this holds; null if every crate of the host sees it. */
  readonly crate: string | null;
  readonly value: ValueTrace & Result;
  /** Weaker values of the same name, strongest first. */
  readonly overrode: readonly ValueTrace[];
}

/** A value as written: a template as its text, a secret as its name. */
export interface ValueTrace {
  readonly value: Json;
  readonly place: string;
  /** What gives it. */
  readonly from:
    | "configcrate"
    | "common"
    | "match"
    | "environment"
    | "resource"
    | "defaults"
    | "name";
}

/** What came of a value for this host. */
export interface Result {
  /** Absent where it is what is written, or not known before the machine fills it in. */
  readonly result?: Json;
}

export interface ResourceTrace {
  readonly id: string;
  readonly crate: string;
  readonly place: string;
  readonly via: readonly InclusionStep[];
  /** By parameter; what no file says is a default of the type and stands nowhere. */
  readonly params: Readonly<
    Record<string, ValueTrace & Result & { readonly overrode: readonly ValueTrace[] }>
  >;
  readonly when: "changed" | BundleCondition | null;
  /** Pointers to what the machine fills in. */
  readonly deferred: readonly string[];
  readonly dependsOn: readonly string[];
}

/** Says for one host where each crate, variable and resource comes from, and what it was stronger than. */
export function traceHost(
  tree: StackTree,
  host: HostFacts,
  compiled: CompiledHost = compileHost(tree, host),
): HostTrace {
  const hostcrate = findHostcrate(tree, host.hostname);
  if (!hostcrate) {
    return {
      hostname: host.hostname,
      match: null,
      environment: null,
      crates: [],
      variables: [],
      resources: [],
      leftOut: [],
      problems: [],
    };
  }
  const resources = compiled.ok ? compiled.resources : [];
  const vias = traceCrates(tree, hostcrate);
  const viaOf = (crate: string) => vias.get(crate) ?? [];
  const tracer = new ResourceTracer(tree, hostcrate);
  return {
    hostname: host.hostname,
    match: { pattern: hostcrate.match.source, place: formatPlace(hostcrate.place) },
    environment: hostcrate.environment ?? null,
    crates: hostcrate.crates.map(({ name, place }) => ({
      name,
      place: formatPlace(place),
      via: viaOf(name),
    })),
    variables: traceVariables(hostcrate, recordTraitReads(identifiedTraits(host), new Set())),
    resources: resources.map((resource) => tracer.trace(resource, viaOf(resource.crate))),
    leftOut: compiled.ok ? tracer.leftOut(resources) : [],
    problems: compiled.ok ? [] : compiled.problems.map(formatProblem),
  };
}

function traceVariables(hostcrate: Hostcrate, traits: object): VariableTrace[] {
  const { crates, layers, vars: strong, environment } = hostcrate;
  const scopeOf = (weak: Variables) => createScope({ weak, strong, traits, environment });
  const common = scopeOf(new Map());
  const given = new Map<string, ValueTrace[]>();
  for (const { kind, vars } of layers) {
    for (const [name, value] of vars) {
      given.set(name, [traceValue(value, kind), ...given.get(name) ?? []]);
    }
  }
  const variables: VariableTrace[] = [];
  for (const [name, [value, ...overrode]] of given) {
    if (!value) continue;
    const weakest = crates.flatMap(({ vars }) => {
      const own = vars.get(name);
      return own ? [traceValue(own, "configcrate")] : [];
    });
    variables.push({
      name,
      crate: null,
      value: withResult(value, variableIn(common, name)),
      overrode: [...overrode, ...weakest],
    });
  }
  for (const crate of crates) {
    const scope = scopeOf(crate.vars);
    for (const [name, value] of crate.vars) {
      if (given.has(name)) continue;
      variables.push({
        name,
        crate: crate.name,
        value: withResult(traceValue(value, "configcrate"), variableIn(scope, name)),
        overrode: [],
      });
    }
  }
  return variables;
}

class ResourceTracer {
  /** Declarations by crate and place, as bundles name them. */
  readonly #declarations = new Map<
    string,
    { crate: Configcrate; declaration: ResourceDeclaration }
  >();

  constructor(private readonly tree: StackTree, hostcrate: Hostcrate) {
    for (const crate of hostcrate.crates) {
      for (const declaration of crate.resources) {
        this.#declarations.set(formatPlace(declaration.place), { crate, declaration });
      }
    }
  }

  trace(resource: BundleResource, via: readonly InclusionStep[]): ResourceTrace {
    const found = this.#declarations.get(resource.source);
    return {
      id: resource.id,
      crate: resource.crate,
      place: resource.source,
      via,
      params: found ? this.#traceParameters(found.crate, found.declaration, resource) : {},
      when: resource.when ?? null,
      deferred: (resource.deferred ?? []).map(({ at }) => at),
      dependsOn: resource.dependsOn,
    };
  }

  leftOut(resources: readonly BundleResource[]): HostTrace["leftOut"] {
    const given = new Set(resources.map(({ source }) => source));
    return [...this.#declarations].filter(([place]) => !given.has(place)).map(
      ([place, { crate, declaration }]) => ({
        declared: `${declaration.type}:${writtenValue(declaration.name)}`,
        crate: crate.name,
        place,
        when: (declaration.when ?? crate.when)?.condition.text ?? null,
      }),
    );
  }

  #traceParameters(
    crate: Configcrate,
    declaration: ResourceDeclaration,
    compiled: BundleResource,
  ): ResourceTrace["params"] {
    const params: Record<string, ResourceTrace["params"][string]> = Object.create(null);
    const defaults = crate.defaults.get(declaration.type) ?? new Map<string, StackValue>();
    for (const [name, value] of defaults) {
      params[name] = { ...traceValue(value, "defaults"), overrode: [] };
    }
    for (const [name, value] of declaration.params) {
      const weaker = defaults.get(name);
      params[name] = {
        ...traceValue(value, "resource"),
        overrode: weaker ? [traceValue(weaker, "defaults")] : [],
      };
    }
    const naturalKey = this.tree.catalog.naturalKeys[declaration.type];
    if (naturalKey !== undefined && !(naturalKey in params)) {
      params[naturalKey] = { ...traceValue(declaration.name, "name"), overrode: [] };
    }
    for (const [name, traced] of Object.entries(params)) {
      params[name] = { ...traced, ...withResult(traced, parameterOf(compiled, name)) };
    }
    for (const name of maskedParameters(declaration.type)) {
      const traced = params[name];
      if (!traced) continue;
      const { result: _mayBePlain, ...written } = traced;
      params[name] = { ...written, ...mask(written), overrode: traced.overrode.map(mask) };
    }
    return params;
  }
}

function traceValue(value: StackValue, from: ValueTrace["from"]): ValueTrace {
  return { value: writtenValue(value), place: formatPlace(value.place), from };
}

/** A value with what came of it, if that is known and says more than what is written. */
function withResult<Traced extends ValueTrace>(
  traced: Traced,
  result: Json | undefined,
): Traced & Result {
  const isNews = result !== undefined && canonicalJson(result) !== canonicalJson(traced.value);
  return isNews ? { ...traced, result } : traced;
}

/** A parameter as the machine gets it; undefined if something of it is filled in there. */
function parameterOf({ params, deferred = [] }: BundleResource, name: string): Json | undefined {
  const at = formatJsonPointer([name]);
  const isOpen = deferred.some((one) => one.at === at || one.at.startsWith(`${at}/`));
  // A bundle is JSON throughout; only the type says that nobody writes to it.
  return isOpen || !Object.hasOwn(params, name) ? undefined : params[name] as Json;
}

/** A variable with its templates rendered; undefined if it cannot be known here, or holds a secret. */
function variableIn({ vars }: TemplateScope, name: string): Json | undefined {
  try {
    // A copy, so that members that throw when they are read do it here.
    return JSON.parse(JSON.stringify(Reflect.get(vars, name)));
  } catch (error) {
    if (error instanceof ScopeInterruption) return undefined;
    throw error;
  }
}

/** What may be a password in plain text. The name of a secret, or a template, gives nothing away. */
function mask(traced: ValueTrace): ValueTrace {
  const { value } = traced;
  const isHarmless = typeof value === "string" && /^secret:|^\{\{[^{}]*\}\}$/.test(value);
  return isHarmless ? traced : { ...traced, value: "«secret»" };
}

function writtenValue(value: StackValue): Json {
  switch (value.kind) {
    case "scalar":
      return value.constant;
    case "template":
      return value.template.text;
    case "secret":
      return `secret:${value.path}`;
    case "list":
      return value.items.map(writtenValue);
    case "map":
      return Object.fromEntries(
        [...value.entries].map(([key, entry]) => [key, writtenValue(entry)]),
      );
  }
}
