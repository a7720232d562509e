import {
  SERVICE_PROVIDERS,
  type ServiceProviderName,
} from "../../../shared/config/resources/service.ts";
import type { Files } from "../files.ts";
import type { Processes } from "../processes.ts";
import type { ServiceManager, Services } from "./service_manager.ts";
import { SystemdManager } from "./systemd.ts";

/** What is there when a manager runs the machine; for systemd see sd_booted(3). */
const SIGNS: Readonly<Record<ServiceProviderName, string>> = {
  systemd: "/run/systemd/system",
  openrc: "/run/openrc",
  launchd: "/sbin/launchd",
};

/** The service managers of this machine. A new one is a file beside `systemd.ts` and a line here. */
export class LocalServices implements Services {
  readonly #managers: Partial<Record<ServiceProviderName, ServiceManager>>;

  constructor(private readonly files: Files, processes: Processes) {
    this.#managers = { systemd: new SystemdManager(processes) };
  }

  async choose(wanted: ServiceProviderName | undefined): ReturnType<Services["choose"]> {
    const found = await this.#running();
    const name = wanted ?? found[0];
    if (name === undefined) {
      return { ok: false, reason: "no service manager runs this machine" };
    }
    const manager = this.#managers[name];
    if (manager === undefined) return { ok: false, reason: `no service provider for ${name}` };
    if (!found.includes(name)) return { ok: false, reason: `${name} does not run this machine` };
    return { ok: true, manager };
  }

  async #running(): Promise<readonly ServiceProviderName[]> {
    const found: ServiceProviderName[] = [];
    for (const name of SERVICE_PROVIDERS) {
      if (await this.files.inspect(SIGNS[name]) !== undefined) found.push(name);
    }
    return found;
  }
}
