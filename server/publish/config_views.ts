import type { z } from "zod";
import type { configStatus } from "../../shared/rest/config_views.ts";
import type { PolicyState } from "../../shared/rest/envoys.ts";
import { suggestName } from "../../shared/naming/nearest_name.ts";
import { findHostcrate, type HostFacts } from "../resolve/compile_host.ts";
import { compileHostInSteps } from "../resolve/compile_host.ts";
import { type HostTrace, traceHost } from "../resolve/trace_host.ts";
import { compareText } from "../stacks/problem_list.ts";
import type { StackTree } from "../stacks/stack_tree.ts";
import { runInSlices } from "../steps/run_in_slices.ts";
import type { Steps } from "../steps/steps.ts";
import type { ConfigFreeze } from "./config_freeze.ts";
import type { ConfigPublisher } from "./config_publisher.ts";
import { type ConfigTree, crateTree, fleetTree, hostTree } from "./config_tree.ts";
import { filterTrace, traceableNames } from "./filter_trace.ts";
import type { LivePolicy } from "./policy_source.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { isResourceId, searchResource, type SearchResult, searchText } from "./search_stacks.ts";
import { unknownHostname } from "./unknown_hostname.ts";

/** Most hosts that an answer names one by one. */
const MAX_NAMED_HOSTS = 100;
/** How far back the record of the live version is looked for. */
const MAX_HISTORY = 1000;

export type ConfigStatus = z.input<typeof configStatus.answer>;

/** What is known of how far an envoy has come with the live version. */
export interface HostPolicy {
  readonly hostname: string;
  readonly state: PolicyState;
  /** Of the bundle that it holds; empty before the first. */
  readonly heldVersion: string;
  /** Why the live version does not compile for it, if so. */
  readonly problem: string | undefined;
}

export interface ConfigViewsContext {
  readonly publisher: ConfigPublisher;
  readonly freeze: ConfigFreeze;
  readonly knownHosts: () => Iterable<HostFacts>;
  readonly hostPolicies: () => Iterable<HostPolicy>;
}

interface Which {
  readonly isStaged: boolean;
}

/** Where a resource was found, and who gets it. */
export type SearchAnswer = SearchResult & {
  readonly hosts: { readonly count: number; readonly first: string[] } | null;
};

type Answered<Value> = { readonly ok: true; readonly value: Value } | Refusal;

/** Looks at stacks without changing anything: where things come from, what leads to what, where something stands. */
export class ConfigViews {
  readonly #context: ConfigViewsContext;

  constructor(context: ConfigViewsContext) {
    this.#context = context;
  }

  async status(): Promise<ConfigStatus> {
    const { publisher, freeze } = this.#context;
    const live = publisher.live();
    const staged = await publisher.stagedVersion();
    const records = await publisher.history(MAX_HISTORY);
    return {
      live: records.find((record) => record.live) ?? null,
      problem: publisher.problem ?? null,
      tree: live ? measure(live.tree) : null,
      staged: { ...staged, changed: staged.version !== (live?.policyVersion ?? null) },
      freeze: await freeze.current() ?? null,
      ...this.#countHosts(live?.policyVersion, live?.tree),
    };
  }

  async trace(
    hostname: string,
    { name, ...which }: Which & { readonly name?: string | undefined },
  ): Promise<Answered<HostTrace>> {
    const host = this.#find(hostname);
    if (!host) {
      return refuse(
        `Cannot trace ${JSON.stringify(hostname)}: ${unknownHostname(hostname, this.#hostnames())}`,
      );
    }
    return await this.#look(which, async (tree) => {
      const trace = traceHost(tree, host, await runInSlices(compileHostInSteps(tree, host)));
      if (name === undefined) return { ok: true, value: trace };
      const found = filterTrace(trace, name);
      const { crates, variables, resources, leftOut } = found;
      const isFound = [crates, variables, resources, leftOut].some(({ length }) => length > 0);
      return isFound ? { ok: true, value: found } : refuse(
        `Cannot trace ${
          JSON.stringify(name)
        }: ${host.hostname} has no resource, variable or crate of that name${
          suggestName(name, traceableNames(trace))
        }`,
      );
    });
  }

  async tree(
    { host: hostname, crate, ...which }: Which & {
      readonly host?: string | undefined;
      readonly crate?: string | undefined;
    },
  ): Promise<Answered<ConfigTree>> {
    const host = hostname === undefined ? undefined : this.#find(hostname);
    if (hostname !== undefined && !host) {
      return refuse(
        `Cannot show the tree of ${JSON.stringify(hostname)}: ${
          unknownHostname(hostname, this.#hostnames())
        }`,
      );
    }
    return await this.#look(which, async (tree): Promise<Answered<ConfigTree>> => {
      if (host) {
        const compiled = await runInSlices(compileHostInSteps(tree, host));
        const value = hostTree(tree, host.hostname, compiled.ok ? compiled.resources : []);
        return value ? { ok: true, value } : refuse(`No entry matches ${host.hostname}`);
      }
      if (crate !== undefined) {
        const value = crateTree(tree, crate);
        return value ? { ok: true, value } : refuse(
          `No configcrate is named ${JSON.stringify(crate)}${
            suggestName(crate, [...tree.crates.keys(), ...tree.usercrates.keys()])
          }`,
        );
      }
      return { ok: true, value: fleetTree(tree, this.#hostnames()) };
    });
  }

  async search(text: string, limit: number, which: Which): Promise<Answered<SearchAnswer>> {
    const found = await this.#context.publisher.tree(which);
    if (!found.ok) return found;
    const { tree } = found;
    if (!isResourceId(tree, text)) {
      const { hits, more } = await runInSlices(searchText(tree, text, limit));
      return { ok: true, value: { hits, more, hosts: null } };
    }
    const { hits, more } = await runInSlices(searchResource(tree, text, limit));
    const live = which.isStaged ? undefined : this.#context.publisher.live();
    const hosts = live
      ? await runInSlices(hostsWith(text, this.#context.knownHosts(), live))
      : null;
    return { ok: true, value: { hits, more, hosts } };
  }

  async #look<Value>(
    which: Which,
    view: (tree: StackTree) => Promise<Answered<Value>>,
  ): Promise<Answered<Value>> {
    const found = await this.#context.publisher.tree(which);
    return found.ok ? await view(found.tree) : found;
  }

  #hostnames(): string[] {
    return [...this.#context.knownHosts()].map(({ hostname }) => hostname);
  }

  #find(hostname: string): HostFacts | undefined {
    const wanted = hostname.toLowerCase();
    for (const host of this.#context.knownHosts()) {
      if (host.hostname.toLowerCase() === wanted) return host;
    }
    return undefined;
  }

  #countHosts(
    liveVersion: string | undefined,
    tree: StackTree | undefined,
  ): Pick<ConfigStatus, "hosts" | "versions" | "refused"> {
    const hosts = { total: 0, upToDate: 0, pending: 0, refused: 0, unmatched: 0 };
    const versions = new Map<string, ConfigStatus["versions"][number]>();
    const refused: ConfigStatus["refused"] = [];
    for (const { hostname, state, heldVersion, problem } of this.#context.hostPolicies()) {
      hosts.total++;
      const held = versions.get(heldVersion) ?? {
        version: heldVersion || null,
        live: heldVersion !== "" && heldVersion === liveVersion,
        hosts: 0,
        upToDate: 0,
      };
      versions.set(heldVersion, held);
      held.hosts++;
      if (tree && !findHostcrate(tree, hostname)) hosts.unmatched++;
      if (state === "live") {
        hosts.upToDate++;
        held.upToDate++;
      } else if (state === "pending") hosts.pending++;
      else if (state === "unresolved") {
        hosts.refused++;
        refused.push({ hostname, problem: problem ?? "" });
      }
    }
    return {
      hosts,
      versions: [...versions.values()].sort((a, b) =>
        Number(b.live) - Number(a.live) || b.hosts - a.hosts
      ),
      refused: refused.sort((a, b) => compareText(a.hostname, b.hostname))
        .slice(0, MAX_NAMED_HOSTS),
    };
  }
}

function* hostsWith(
  id: string,
  hosts: Iterable<HostFacts>,
  live: LivePolicy,
): Steps<{ count: number; first: string[] }> {
  const found = { count: 0, first: [] as string[] };
  const known = new WeakMap<object, boolean>();
  for (const { hostname, traits } of hosts) {
    const compiled = yield* live.compileInSteps({ hostname, traits });
    yield;
    const has = known.get(compiled) ??
      (compiled.ok && compiled.resources.some((resource) => resource.id === id));
    known.set(compiled, has);
    if (!has) continue;
    found.count++;
    if (found.first.length < MAX_NAMED_HOSTS) found.first.push(hostname);
  }
  found.first.sort(compareText);
  return found;
}

function measure({ crates, usercrates, roles, hostcrates }: StackTree): ConfigStatus["tree"] {
  const all = [...crates.values(), ...usercrates.values()];
  return {
    configcrates: crates.size,
    usercrates: usercrates.size,
    roles: roles.size,
    entries: hostcrates.length,
    resources: all.reduce((sum, crate) => sum + crate.resources.length, 0),
  };
}
