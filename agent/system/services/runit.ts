import type { Files } from "../files.ts";
import type { Processes } from "../processes.ts";
import { ManagerProgram } from "./manager_program.ts";
import type { ServiceAction, ServiceManager, ServiceStatus } from "./service_manager.ts";

/** Where services are described, and where runsvdir(8) looks for the ones to supervise; distributions differ. */
const DEFINITION_FOLDERS = ["/etc/sv", "/etc/runit/sv"];
const ACTIVE_FOLDERS = ["/run/runit/service", "/var/service", "/etc/service", "/service"];
/** In seconds; sv(8) itself waits for 7. */
const WAIT = "60";
/** runsvdir looks for new services every five seconds. */
const MAX_LOOKS = 15;
const LOOK_INTERVAL_MS = 1_000;

/** Where one service is. */
interface Place {
  /** Its folder among the supervised ones, whether it is there or not. */
  readonly active: string;
  readonly isSupervised: boolean;
  /** The folder with its `run`; `undefined` if there is none. */
  readonly definition: string | undefined;
}

/**
 * Services under runit, through sv(8). One that is linked into the folder of supervised services starts with the machine,
 * unless a file `down` lies in it: so it can be disabled without being stopped.
 */
export class RunitManager implements ServiceManager {
  readonly name = "runit";
  readonly #program: ManagerProgram;

  constructor(
    processes: Processes,
    private readonly files: Pick<Files, "inspect" | "writeFile" | "writeSymlink" | "removeFile">,
    private readonly self: { readonly uid: number; readonly gid: number },
    private readonly wait: (ms: number) => Promise<void> = (ms) =>
      new Promise((resolve) => setTimeout(resolve, ms)),
  ) {
    this.#program = new ManagerProgram(processes);
  }

  async inspect(service: string): Promise<ServiceStatus> {
    const { active, isSupervised, definition } = await this.#find(service);
    if (definition === undefined) return { known: false };
    const isDown = await this.files.inspect(`${definition}/down`) !== undefined;
    const words = isSupervised ? await this.#status(active) : "not supervised";
    return {
      known: true,
      running: words.startsWith("run: "),
      enabled: isSupervised && !isDown,
      detail: words.replace(`${active}: `, ""),
    };
  }

  async act(service: string, action: ServiceAction): Promise<void> {
    const place = await this.#find(service);
    const { active, isSupervised, definition } = place;
    if (definition === undefined) throw new Error(`there is no service "${service}"`);
    if (action === "mask" || action === "unmask") throw new Error("runit cannot mask services");
    if (action === "enable") return await this.#enable({ ...place, definition });
    if (action === "disable") {
      const empty = { content: new Uint8Array(), mode: 0o644, ...this.self };
      return await this.files.writeFile(`${definition}/down`, empty);
    }
    if (!isSupervised) {
      throw new Error(`runit does not supervise "${service}": set enabled: true, which links it`);
    }
    await this.#program.change(["sv", "-w", WAIT, action, active]);
  }

  /** A link is enough for it to be started; it can be told something once it is supervised. */
  async #enable({ active, isSupervised, definition }: Place & { definition: string }) {
    if (await this.files.inspect(`${definition}/down`) !== undefined) {
      await this.files.removeFile(`${definition}/down`);
    }
    if (isSupervised) return;
    await this.files.writeSymlink(active, definition);
    for (let look = 0; look < MAX_LOOKS; look++) {
      if (/^(?:run|down|finish): /.test(await this.#status(active))) return;
      await this.wait(LOOK_INTERVAL_MS);
    }
    throw new Error(`runsvdir does not supervise "${active}": is it running?`);
  }

  async #status(active: string): Promise<string> {
    const { stdout, stderr } = await this.#program.read(["sv", "status", active]);
    return (stdout.trim() || stderr.trim()).split("\n")[0] ?? "";
  }

  async #find(service: string): Promise<Place> {
    const folder = await this.#firstOf(ACTIVE_FOLDERS) ?? "/etc/service";
    const active = `${folder}/${service}`;
    const found = await this.files.inspect(active);
    const described = await this.#firstOf(DEFINITION_FOLDERS.map((path) => `${path}/${service}`));
    return {
      active,
      isSupervised: found !== undefined,
      definition: described ?? (found?.kind === "directory" ? active : undefined),
    };
  }

  async #firstOf(paths: readonly string[]): Promise<string | undefined> {
    for (const path of paths) if (await this.files.inspect(path) !== undefined) return path;
    return undefined;
  }
}
