import { describeFailure, type Processes, type ProgramResult } from "../processes.ts";
import type { ServiceAction, ServiceManager, ServiceStatus } from "./service_manager.ts";

const QUERY_TIMEOUT_MS = 30_000;
/** Units may take TimeoutStartSec (90 s) and TimeoutStopSec (90 s); a restart both. */
const ACTION_TIMEOUT_MS = 300_000;

const PROPERTIES = ["LoadState", "ActiveState", "SubState", "UnitFileState", "NeedDaemonReload"];

const RUNNING: ReadonlySet<string> = new Set(["active", "reloading", "refreshing", "activating"]);
const ENABLED: ReadonlySet<string> = new Set(["enabled", "enabled-runtime", "linked", "alias"]);
/** Units without an [Install] section, or made at run time: enabling them means nothing. */
const NOT_ENABLEABLE: ReadonlySet<string> = new Set(["static", "transient", "indirect"]);

/** Services under systemd, through systemctl(1). */
export class SystemdManager implements ServiceManager {
  readonly name = "systemd";

  constructor(private readonly processes: Processes) {}

  async inspect(service: string): Promise<ServiceStatus> {
    const unit = await this.#show(service);
    const load = unit.get("LoadState") ?? "";
    if (load === "not-found") return { known: false };
    const active = unit.get("ActiveState") ?? "";
    const sub = unit.get("SubState") ?? "";
    const file = await this.#unitFileState(service, unit.get("UnitFileState") ?? "");
    return {
      known: true,
      // A unit that crashes again and again is "activating" between two attempts.
      running: RUNNING.has(active) && sub !== "auto-restart",
      enabled: NOT_ENABLEABLE.has(file) ? undefined : ENABLED.has(file),
      detail: [load, `${active} (${sub})`, file].filter((word) => word !== "").join(", "),
    };
  }

  async act(service: string, action: ServiceAction): Promise<void> {
    if ((await this.#show(service)).get("NeedDaemonReload") === "yes") {
      await this.#change(["daemon-reload"]);
    }
    await this.#change([action, "--", service]);
  }

  async #show(service: string): Promise<ReadonlyMap<string, string>> {
    const result = await this.#run(
      ["show", `--property=${PROPERTIES.join(",")}`, "--", service],
      QUERY_TIMEOUT_MS,
    );
    if (!succeeded(result)) throw new Error(describeFailure("systemctl show", result));
    return parseProperties(result.stdout);
  }

  /** Units made from init scripts say "generated"; only `is-enabled` knows what they are. */
  async #unitFileState(service: string, state: string): Promise<string> {
    if (state !== "generated") return state;
    const result = await this.#run(["is-enabled", "--", service], QUERY_TIMEOUT_MS);
    return result.stdout.trim();
  }

  async #change(args: readonly string[]): Promise<void> {
    const result = await this.#run([...args], ACTION_TIMEOUT_MS);
    if (!succeeded(result)) {
      throw new Error(describeFailure(`systemctl ${args.join(" ")}`, result));
    }
  }

  #run(args: readonly string[], timeoutMs: number): Promise<ProgramResult> {
    return this.processes.run({ argv: ["systemctl", "--no-ask-password", ...args], timeoutMs });
  }
}

function succeeded(result: ProgramResult): boolean {
  return result.end === "exited" && result.status === 0;
}

function parseProperties(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split("\n").filter((line) => line.includes("=")).map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}
