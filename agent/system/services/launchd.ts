import type { Files } from "../files.ts";
import { describeFailure, type Processes } from "../processes.ts";
import { ManagerProgram } from "./manager_program.ts";
import type { ServiceAction, ServiceManager, ServiceStatus } from "./service_manager.ts";

const DOMAIN = "system";
/** Where daemons are described by files named after their label: the machine's own, then Apple's. */
const FOLDERS = ["/Library/LaunchDaemons", "/System/Library/LaunchDaemons"];

/** What `bootout` ends with while a job takes its time to end, and for one that has gone meanwhile. */
const IN_PROGRESS = 36;
const NO_SUCH_JOB = 3;
/** A job has its exit timeout to end, five seconds unless it asks for more; then launchd takes some to forget it. */
const LOOKS_FOR_END = 60;
/** A job is not started more often than every ten seconds, unless it says otherwise. */
const LOOKS_FOR_START = 15;
const LOOK_INTERVAL_MS = 1_000;

/** What `launchctl print` says of a job that is loaded. */
export interface LaunchdJob {
  /** `running`, or why not: `not running`, `waiting`, `spawn scheduled`. */
  readonly state: string;
  /** How its last run ended: an exit code, a signal (`Killed: 9`) or a reason of the system's; `undefined` if none has. */
  readonly lastEnd: string | undefined;
  readonly isKeptAlive: boolean;
}

/** Ends after which a job waits to be wanted again; the last is a daemon that had nothing to do and gave its memory back. */
const GOOD_ENDS: ReadonlySet<string> = new Set(["0", "JETSAM_REASON_MEMORY_IDLE_EXIT"]);

/**
 * Daemons under launchd, by their label, through launchctl(1). A job that is loaded and waits for its time, its socket or
 * its path does what it is there for, and counts as running; one that is to be kept alive and is not there does not.
 */
export class LaunchdManager implements ServiceManager {
  readonly name = "launchd";
  readonly #program: ManagerProgram;

  constructor(
    processes: Processes,
    private readonly files: Pick<Files, "inspect">,
    private readonly wait: (ms: number) => Promise<void> = (ms) =>
      new Promise((resolve) => setTimeout(resolve, ms)),
  ) {
    this.#program = new ManagerProgram(processes);
  }

  async inspect(service: string): Promise<ServiceStatus> {
    const job = await this.#job(service);
    const file = await this.#file(service);
    if (job === undefined && file === undefined) return { known: false };
    const isDisabled = (await this.#disabled()).has(service);
    const detail = job === undefined ? "not loaded" : job.state;
    return {
      known: true,
      running: job !== undefined && isServing(job),
      enabled: !isDisabled,
      detail: isDisabled ? `${detail}, disabled` : detail,
    };
  }

  async act(service: string, action: ServiceAction): Promise<void> {
    const target = `${DOMAIN}/${service}`;
    switch (action) {
      case "start":
        await this.#start(service, target);
        return await this.#awaitStart(service);
      case "stop":
        return await this.#stop(service, target);
      case "restart":
        await this.#change("kickstart", "-k", target);
        return await this.#awaitStart(service);
      case "reload":
        return await this.#change("kill", "SIGHUP", target);
      case "enable":
      case "disable":
        return await this.#change(action, target);
      case "mask":
      case "unmask":
        throw new Error("launchd cannot mask services");
    }
  }

  async #start(service: string, target: string): Promise<void> {
    if (await this.#job(service) !== undefined) return await this.#change("kickstart", target);
    const file = await this.#file(service);
    if (file === undefined) throw new Error(`there is no file for "${service}" in ${FOLDERS[0]}`);
    if ((await this.#disabled()).has(service)) {
      // It would say no more than "Input/output error".
      throw new Error(`launchd loads no job that is disabled: set enabled: true for "${service}"`);
    }
    await this.#change("bootstrap", DOMAIN, file);
  }

  /** A job is started some time after it was asked for. Why one does not start shows whoever looks at it afterwards. */
  async #awaitStart(service: string): Promise<void> {
    for (let look = 0; look < LOOKS_FOR_START; look++) {
      const job = await this.#job(service);
      if (job !== undefined && isServing(job)) return;
      await this.wait(LOOK_INTERVAL_MS);
    }
  }

  /** A job that is only killed is started again, so that it is unloaded; that goes on after `bootout` has ended. */
  async #stop(service: string, target: string): Promise<void> {
    await this.#program.change(["launchctl", "bootout", target], [IN_PROGRESS, NO_SUCH_JOB]);
    for (let look = 0; look < LOOKS_FOR_END; look++) {
      if (await this.#job(service) === undefined) return;
      await this.wait(LOOK_INTERVAL_MS);
    }
    throw new Error(
      `launchd has not unloaded "${service}" a minute after it was told to; look at it with launchctl print ${target}`,
    );
  }

  async #job(service: string): Promise<LaunchdJob | undefined> {
    const result = await this.#program.read(["launchctl", "print", `${DOMAIN}/${service}`]);
    if (result.status === 0) return parseLaunchdJob(result.stdout);
    if (/could not find service/i.test(result.stdout + result.stderr)) return undefined;
    throw new Error(describeFailure("launchctl print", result));
  }

  async #disabled(): Promise<ReadonlySet<string>> {
    const result = await this.#program.read(["launchctl", "print-disabled", DOMAIN]);
    if (result.status !== 0) throw new Error(describeFailure("launchctl print-disabled", result));
    return parseDisabled(result.stdout);
  }

  async #file(service: string): Promise<string | undefined> {
    for (const folder of FOLDERS) {
      const path = `${folder}/${service}.plist`;
      if (await this.files.inspect(path) !== undefined) return path;
    }
    return undefined;
  }

  #change(...args: readonly string[]): Promise<void> {
    return this.#program.change(["launchctl", ...args]);
  }
}

function isServing({ state, lastEnd, isKeptAlive }: LaunchdJob): boolean {
  if (state === "running") return true;
  if (isKeptAlive) return false;
  return lastEnd === undefined || GOOD_ENDS.has(lastEnd);
}

/** Reads what is one tab deep in the answer; what is deeper belongs to endpoints and the like. */
export function parseLaunchdJob(text: string): LaunchdJob {
  const fields = new Map(
    [...text.matchAll(/^\t([a-z][a-z ]*[a-z]) = (.*)$/gm)].map(([, name = "", value = ""]) => [
      name,
      value.trim(),
    ]),
  );
  return {
    state: fields.get("state") ?? "unknown",
    // Of the three there is one: a signal and a reason stand in the place of the code.
    lastEnd: fields.get("last terminating signal") ?? fields.get("last exit reason") ??
      exitCode(fields.get("last exit code")),
    isKeptAlive: (fields.get("properties") ?? "").split(" | ").includes("keepalive"),
  };
}

/** The code without the name that some have: `78: EX_CONFIG`. */
function exitCode(text: string | undefined): string | undefined {
  return text === "(never exited)" ? undefined : text?.replace(/:.*$/, "");
}

/** Labels from `launchctl print-disabled`: `"com.example.web" => disabled`, on older systems `=> true`. */
export function parseDisabled(text: string): ReadonlySet<string> {
  const lines = text.matchAll(/^\s*"([^"\n]+)" => (?:disabled|true)\s*$/gm);
  return new Set([...lines].map(([, label = ""]) => label));
}
