import type { ServiceAction, ServiceManager, Services, ServiceStatus } from "./service_manager.ts";

/** A service in memory. */
export interface FakeService {
  running: boolean;
  /** `undefined`: it cannot be enabled. */
  enabled: boolean | undefined;
  masked?: boolean;
  cannotRun?: string;
  /** Whether it goes down again as soon as it was started. */
  crashes?: boolean;
}

/** A service manager in memory, which remembers what it was asked to do. */
export class FakeServices implements Services, ServiceManager {
  readonly name = "systemd";
  readonly units = new Map<string, FakeService>();
  /** As `restart nginx`, in order. */
  readonly acts: string[] = [];

  choose(wanted?: string): ReturnType<Services["choose"]> {
    return Promise.resolve(
      wanted === undefined || wanted === this.name
        ? { ok: true, manager: this }
        : { ok: false, reason: `no service provider for ${wanted}` },
    );
  }

  inspect(service: string): Promise<ServiceStatus> {
    const unit = this.units.get(service);
    if (unit === undefined) return Promise.resolve({ known: false });
    const { running, enabled, masked = false, cannotRun } = unit;
    const detail = masked ? "masked" : running ? "active" : "dead";
    return Promise.resolve({
      known: true,
      running,
      enabled,
      masked,
      ...(cannotRun === undefined ? {} : { cannotRun }),
      detail,
    });
  }

  async act(service: string, action: ServiceAction): Promise<void> {
    await Promise.resolve();
    const unit = this.units.get(service);
    if (unit === undefined) throw new Error(`Unit ${service}.service not found`);
    this.acts.push(`${action} ${service}`);
    if (action === "enable") unit.enabled = true;
    else if (action === "disable") unit.enabled = false;
    else if (action === "mask" || action === "unmask") unit.masked = action === "mask";
    else unit.running = action !== "stop" && unit.crashes !== true;
  }
}
