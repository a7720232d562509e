import { describeFailure, type Processes } from "../processes.ts";
import { ManagerProgram } from "./manager_program.ts";
import type { ServiceAction, ServiceManager, ServiceStatus } from "./service_manager.ts";

const SYSTEMCTL = ["systemctl", "--no-ask-password"] as const;

const PROPERTIES = [
  "LoadState",
  "ActiveState",
  "SubState",
  "UnitFileState",
  "NeedDaemonReload",
  "Type",
  "RemainAfterExit",
];

const RUNNING: ReadonlySet<string> = new Set(["active", "reloading", "refreshing", "activating"]);
/** What lasts beyond this boot. A unit that is only linked is found, but nothing wants it. */
const ENABLED: ReadonlySet<string> = new Set(["enabled", "alias"]);
/** Units without an [Install] section or without a file, or made at run time: enabling them means nothing. */
const NOT_ENABLEABLE: ReadonlySet<string> = new Set(["static", "transient", "indirect", ""]);
const MASKED: ReadonlySet<string> = new Set(["masked", "masked-runtime"]);
const ONESHOT =
  "it is a oneshot service, which ends when it is done: take an exec or a timer for it";

/** Services, sockets, timers and other units under systemd, through systemctl(1). */
export class SystemdManager implements ServiceManager {
  readonly name = "systemd";

  readonly #program: ManagerProgram;

  constructor(processes: Processes) {
    this.#program = new ManagerProgram(processes);
  }

  async inspect(service: string): Promise<ServiceStatus> {
    const unit = await this.#show(service);
    const load = unit.get("LoadState") ?? "";
    if (load === "not-found") return { known: false };
    const active = unit.get("ActiveState") ?? "";
    const sub = unit.get("SubState") ?? "";
    const file = await this.#unitFileState(service, unit.get("UnitFileState") ?? "");
    const isMasked = MASKED.has(load) || MASKED.has(file);
    const isOneshot = unit.get("Type") === "oneshot" && unit.get("RemainAfterExit") === "no";
    return {
      known: true,
      masked: isMasked,
      ...(isOneshot ? { cannotRun: ONESHOT } : {}),
      // A unit that crashes again and again is "activating" between two attempts.
      running: RUNNING.has(active) && sub !== "auto-restart",
      enabled: !isMasked && NOT_ENABLEABLE.has(file) ? undefined : ENABLED.has(file),
      detail: [load, `${active} (${sub})`, file].filter((word) => word !== "").join(", "),
    };
  }

  async act(service: string, action: ServiceAction): Promise<void> {
    if ((await this.#show(service)).get("NeedDaemonReload") === "yes") {
      await this.#program.change([...SYSTEMCTL, "daemon-reload"]);
    }
    await this.#program.change([...SYSTEMCTL, action, "--", service]);
  }

  async #show(service: string): Promise<ReadonlyMap<string, string>> {
    const properties = `--property=${PROPERTIES.join(",")}`;
    const result = await this.#program.read([...SYSTEMCTL, "show", properties, "--", service]);
    if (result.status !== 0) throw new Error(describeFailure("systemctl show", result));
    return parseProperties(result.stdout);
  }

  /** Units made from init scripts say "generated"; only `is-enabled` knows what they are. */
  async #unitFileState(service: string, state: string): Promise<string> {
    if (state !== "generated") return state;
    const result = await this.#program.read([...SYSTEMCTL, "is-enabled", "--", service]);
    return result.stdout.trim();
  }
}

function parseProperties(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split("\n").filter((line) => line.includes("=")).map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}
