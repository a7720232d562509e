import type { FirewallProviderName } from "../../../shared/config/resources/firewall.ts";
import type { ProviderChoice } from "../provider_choice.ts";
import type { FirewallModel } from "./firewall_model.ts";

/** What a firewall was told to be, and what of it is not in force. */
export interface FirewallState {
  readonly model: FirewallModel;
  /** By the name of the rule that is gone or not what it was. */
  readonly ruleFaults: ReadonlyMap<string, string>;
  /** What is wrong with the whole of it: the table is gone, or the next start would not have it. */
  readonly faults: readonly string[];
}

/** One firewall. It has a part of its own, and what others put into the system's firewall is never touched. */
export interface FirewallProvider {
  readonly name: FirewallProviderName;
  /** Reads only. */
  inspect(): Promise<FirewallState>;
  /** Puts all rules in force in one step, now and for the next start. */
  replace(model: FirewallModel): Promise<void>;
}

/** Finds the firewall of a machine. */
export interface Firewalls {
  choose(wanted: FirewallProviderName | undefined): Promise<ProviderChoice<FirewallProvider>>;
}
