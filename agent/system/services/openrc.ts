import { describeFailure, type Processes } from "../processes.ts";
import { ManagerProgram } from "./manager_program.ts";
import type { ServiceAction, ServiceManager, ServiceStatus } from "./service_manager.ts";

/** The runlevel a machine ends up in; what is enabled is enabled there. */
const RUNLEVEL = "default";
/** "inactive" waits for something, such as a cable, and goes on by itself. */
const RUNNING: ReadonlySet<string> = new Set(["started", "starting", "inactive"]);

/** Services under OpenRC, through rc-service(8) and rc-update(8). */
export class OpenRcManager implements ServiceManager {
  readonly name = "openrc";
  readonly #program: ManagerProgram;

  constructor(processes: Processes) {
    this.#program = new ManagerProgram(processes);
  }

  async inspect(service: string): Promise<ServiceStatus> {
    const exists = await this.#program.read(["rc-service", "--exists", service]);
    if (exists.status !== 0) return { known: false };
    const status = await this.#program.read(["rc-service", service, "status"]);
    const word = /^ \* status: (\S+)/m.exec(status.stdout)?.[1];
    const runlevels = await this.#runlevels(service);
    return {
      known: true,
      // A script with a status of its own says in its own words how it is, and by its exit whether it runs.
      running: word === undefined ? status.status === 0 : RUNNING.has(word),
      enabled: runlevels.length > 0,
      detail: [word ?? `status ${status.status}`, ...runlevels].join(", "),
    };
  }

  async act(service: string, action: ServiceAction): Promise<void> {
    switch (action) {
      case "enable":
        return await this.#program.change(["rc-update", "add", service, RUNLEVEL]);
      case "disable":
        return await this.#disable(service);
      case "mask":
      case "unmask":
        throw new Error("OpenRC cannot mask services");
      default:
        return await this.#program.change(["rc-service", service, action]);
    }
  }

  /** Only where it is: for each other runlevel rc-update would complain. */
  async #disable(service: string): Promise<void> {
    const runlevels = await this.#runlevels(service);
    if (runlevels.length === 0) return;
    await this.#program.change(["rc-update", "del", service, ...runlevels]);
  }

  async #runlevels(service: string): Promise<readonly string[]> {
    const result = await this.#program.read(["rc-update", "show"]);
    if (result.status !== 0) throw new Error(describeFailure("rc-update show", result));
    return parseRunlevels(result.stdout).get(service) ?? [];
  }
}

/** Runlevels by service from `rc-update show`, whose lines are like `  sshd | boot default`. */
export function parseRunlevels(text: string): ReadonlyMap<string, readonly string[]> {
  const lines = text.matchAll(/^ *(\S+) \|([^|\n]*)$/gm);
  return new Map([...lines].map(([, service = "", levels = ""]) => [
    service,
    levels.split(" ").filter((level) => level !== ""),
  ]));
}
