import {
  SERVICE_PROVIDERS,
  type ServiceProviderName,
} from "../../../shared/config/resources/service.ts";
import type { Files } from "../files.ts";
import type { Processes } from "../processes.ts";
import { LaunchdManager } from "./launchd.ts";
import { OpenRcManager } from "./openrc.ts";
import { RunitManager } from "./runit.ts";
import type { ServiceManager, Services } from "./service_manager.ts";
import { SystemdManager } from "./systemd.ts";

/** What is there when a manager runs the machine, or its services; for systemd see sd_booted(3). */
const SIGNS: Readonly<Record<ServiceProviderName, readonly string[]>> = {
  systemd: ["/run/systemd/system"],
  openrc: ["/run/openrc/softlevel"],
  runit: ["/run/runit", "/etc/runit/runsvdir/current"],
  launchd: ["/sbin/launchd"],
};

/** The service managers of this machine. A new one is a file beside `systemd.ts` and a line here. */
export class LocalServices implements Services {
  readonly #managers: Readonly<Record<ServiceProviderName, ServiceManager>>;

  constructor(
    private readonly files: Files,
    processes: Processes,
    self: { readonly uid: number; readonly gid: number },
  ) {
    this.#managers = {
      systemd: new SystemdManager(processes),
      openrc: new OpenRcManager(processes),
      runit: new RunitManager(processes, files, self),
      launchd: new LaunchdManager(processes, files),
    };
  }

  async choose(wanted: ServiceProviderName | undefined): ReturnType<Services["choose"]> {
    const order = wanted === undefined ? SERVICE_PROVIDERS : [wanted];
    for (const name of order) {
      if (await this.#isRunning(name)) return { ok: true, manager: this.#managers[name] };
    }
    const looked = order.flatMap((name) => SIGNS[name]).join(", ");
    return {
      ok: false,
      reason: wanted === undefined
        ? `no service manager runs this machine; looked for ${looked}`
        : `${wanted} does not run this machine; looked for ${looked}`,
    };
  }

  async #isRunning(name: ServiceProviderName): Promise<boolean> {
    for (const sign of SIGNS[name]) {
      if (await this.files.inspect(sign) !== undefined) return true;
    }
    return false;
  }
}
