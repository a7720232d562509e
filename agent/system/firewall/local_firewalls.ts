import {
  FIREWALL_PROVIDERS,
  type FirewallProviderName,
} from "../../../shared/config/resources/firewall.ts";
import type { Files } from "../files.ts";
import type { ProviderChoice } from "../provider_choice.ts";
import type { FirewallProvider, Firewalls } from "./firewall_provider.ts";

/** The program by which each firewall is known. */
const PROGRAMS: Readonly<Record<FirewallProviderName, readonly string[]>> = {
  nftables: ["/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft"],
  firewalld: ["/usr/sbin/firewalld"],
  ufw: ["/usr/sbin/ufw"],
  pf: ["/sbin/pfctl"],
};

/** What says that a firewall is in charge of the machine. */
const FIREWALLD_RUNS = "/run/firewalld";
const UFW_SETTINGS = "/etc/ufw/ufw.conf";
const MAX_SETTINGS_BYTES = 64 * 1024;

/**
 * The firewalls of this machine. A packet has to pass all of them, so where another one is in charge an own table could not
 * open a port; such a machine has no provider unless nftables is asked for by name.
 */
export class LocalFirewalls implements Firewalls {
  /** @param nftables What is taken where nft(8) is installed. */
  constructor(private readonly files: Files, private readonly nftables: FirewallProvider) {}

  async choose(
    wanted: FirewallProviderName | undefined,
  ): Promise<ProviderChoice<FirewallProvider>> {
    const installed = await this.#installed();
    const name = wanted ?? await this.#inCharge() ?? installed[0];
    if (name === undefined) {
      return { ok: false, reason: "no firewall is installed; add a package resource for nftables" };
    }
    if (name !== "nftables") return { ok: false, reason: `no firewall provider for ${name}` };
    if (!installed.includes(name)) {
      return { ok: false, reason: `${name} is not installed; add a package resource for it` };
    }
    return { ok: true, provider: this.nftables };
  }

  async #inCharge(): Promise<FirewallProviderName | undefined> {
    if (await this.files.inspect(FIREWALLD_RUNS) !== undefined) return "firewalld";
    const settings = await this.files.inspect(UFW_SETTINGS);
    if (settings?.kind !== "file") return undefined;
    const text = new TextDecoder().decode(await this.files.read(UFW_SETTINGS, MAX_SETTINGS_BYTES));
    return /^\s*ENABLED\s*=\s*"?yes/im.test(text) ? "ufw" : undefined;
  }

  async #installed(): Promise<readonly FirewallProviderName[]> {
    const found: FirewallProviderName[] = [];
    for (const name of FIREWALL_PROVIDERS) {
      for (const program of PROGRAMS[name]) {
        if (await this.files.inspect(program) !== undefined) {
          found.push(name);
          break;
        }
      }
    }
    return found;
  }
}
