import type { ProviderChoice } from "../provider_choice.ts";
import { EMPTY_MODEL, type FirewallModel } from "./firewall_model.ts";
import type { FirewallProvider, Firewalls, FirewallState } from "./firewall_provider.ts";

/** A firewall in memory. */
export class FakeFirewalls implements Firewalls, FirewallProvider {
  readonly name = "nftables";
  model: FirewallModel = EMPTY_MODEL;
  /** Names of rules that somebody took out of the kernel. */
  readonly lost = new Set<string>();
  /** Whether somebody flushed everything. */
  isFlushed = false;

  choose(wanted?: string): Promise<ProviderChoice<FirewallProvider>> {
    return Promise.resolve(
      wanted === undefined || wanted === this.name
        ? { ok: true, provider: this }
        : { ok: false, reason: `no firewall provider for ${wanted}` },
    );
  }

  inspect(): Promise<FirewallState> {
    return Promise.resolve({
      model: this.model,
      ruleFaults: new Map([...this.lost].map((name) => [name, "not in the kernel"])),
      faults: this.isFlushed ? ["table inet vigo is gone"] : [],
    });
  }

  replace(model: FirewallModel): Promise<void> {
    this.model = model;
    this.lost.clear();
    this.isFlushed = false;
    return Promise.resolve();
  }
}
