import { secretPathsOf } from "../../shared/config/policy_bundle.ts";
import type { CompiledHost, HostFacts } from "../resolve/compile_host.ts";

/** Who needs a secret. */
export interface SecretNeed {
  readonly hosts: number;
  /** One of them. */
  readonly firstHost: string;
}

/** Which secrets the policies of a fleet name. Policies that are one object are looked through once. */
export class SecretNeeds {
  readonly #paths = new WeakMap<CompiledHost, readonly string[]>();
  readonly #needs = new Map<string, SecretNeed>();

  add({ hostname }: HostFacts, compiled: CompiledHost): void {
    const known = this.#paths.get(compiled);
    const paths = known ?? (compiled.ok ? secretPathsOf(compiled.resources) : []);
    if (!known) this.#paths.set(compiled, paths);
    for (const path of paths) {
      const { hosts, firstHost } = this.#needs.get(path) ?? { hosts: 0, firstHost: hostname };
      this.#needs.set(path, { hosts: hosts + 1, firstHost });
    }
  }

  get needs(): ReadonlyMap<string, SecretNeed> {
    return this.#needs;
  }
}
