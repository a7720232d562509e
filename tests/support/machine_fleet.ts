import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import {
  type ResourceReport,
  type RunReport,
  runReportSchema,
} from "../../shared/config/run_report.ts";
import { enrollTokenCreate } from "../../shared/rest/enroll.ts";
import { programCommand } from "./run_program.ts";
import type { ProgramName } from "../../tools/permissions.ts";
import type { TestProcess } from "./process.ts";
import type { CommandResult } from "./run_command.ts";
import { ENVIRONMENT } from "./test_fleet.ts";
import type { ThrowawayMachine } from "./throwaway_machine.ts";

const START_DEADLINE_MS = 180_000;
/** One run may install a dozen packages. */
const RUN_DEADLINE_MS = 600_000;
const STACKS = "/srv/vigo/stacks";
const token = enrollTokenCreate.answer.pick({ token: true });
const runResult = z.object({ report: runReportSchema.nullable() });

const CHANGES: ReadonlySet<string> = new Set(["created", "updated", "deleted"]);

/** Ids of the resources that a run changed, in its order. */
export function changesOf({ resources }: RunReport): readonly string[] {
  return resources.filter(({ outcome }) => CHANGES.has(outcome)).map(({ id }) => id);
}

/** What did not come out as it should, with its reason. */
export function faultsOf({ resources }: RunReport): readonly ResourceReport[] {
  return resources.filter(({ outcome }) => outcome !== "none" && !CHANGES.has(outcome));
}

/** What a run is told. */
export interface MachineRun {
  readonly dryRun?: boolean;
}

/**
 * A server and an envoy at the real paths of one throw-away machine, which are all that the fleet has: what the envoy
 * applies changes that machine for real.
 */
export class MachineFleet implements AsyncDisposable {
  private constructor(
    private readonly machine: ThrowawayMachine,
    private readonly server: TestProcess,
  ) {}

  /**
   * Starts the server and enrols the machine under `hostname`.
   *
   * @param sections further ones of `server.yaml`.
   */
  static async start(
    machine: ThrowawayMachine,
    hostname: string,
    sections: Readonly<Record<string, unknown>> = {},
  ): Promise<MachineFleet> {
    await Deno.mkdir(join(machine.root, "srv/vigo"), { recursive: true });
    const settings = join(machine.root, "srv/vigo/server.yaml");
    await Deno.writeTextFile(
      settings,
      stringify({ server: { hostname: "localhost" }, ...sections }),
    );
    const command = programCommand("vigosrv", []);
    const server = machine.start(Deno.execPath(), command, { env: ENVIRONMENT });
    const fleet = new MachineFleet(machine, server);
    try {
      await server.waitForLine(/is ready: agents on/, START_DEADLINE_MS);
      const words = ["enroll", "token", "create", "--hostname", hostname, "--json"];
      const { token: value } = token.parse(JSON.parse(await fleet.cli(words)));
      const ca = ["--ca", "/srv/vigo/tls/ca.crt", "--hostname", hostname];
      const place = ["--server", "https://localhost:8443"];
      await fleet.#runOrThrow("vigo", ["bootstrap", ...place, ...ca], { VIGO_TOKEN: value });
      return fleet;
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs `vigocli`, which has to succeed, and returns its standard output. */
  cli(args: readonly string[], stdin?: string): Promise<string> {
    return this.#runOrThrow("vigocli", args, {}, stdin);
  }

  /** Puts a folder of stacks in the place of those that were staged, and publishes it. */
  async publish(folder: string): Promise<string> {
    await this.machine.runOrThrow("rm", ["-rf", STACKS]);
    await this.machine.runOrThrow("cp", ["-r", folder, STACKS]);
    return await this.cli(["config", "publish", "-m", "test"]);
  }

  /** A check-in and a run, however that ends. @throws {Error} if nothing was applied. */
  async run({ dryRun = false }: MachineRun = {}): Promise<RunReport> {
    const words = ["run", "--once", "--json", ...dryRun ? ["--dry-run"] : []];
    const { stdout, stderr } = await this.#run("vigo", words);
    const result = stdout === "" ? undefined : runResult.parse(JSON.parse(stdout));
    if (!result?.report) throw new Error(`vigo run applied nothing: ${stderr.trim()} ${stdout}`);
    return result.report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A signal in order would reach who entered the machine, and not the server in it.
    await this.server.kill();
  }

  #run(
    program: ProgramName,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    stdin?: string,
  ): Promise<CommandResult> {
    return this.machine.run(Deno.execPath(), programCommand(program, args), {
      env: { ...ENVIRONMENT, ...env },
      deadlineMs: RUN_DEADLINE_MS,
      ...(stdin === undefined ? {} : { stdin }),
    });
  }

  async #runOrThrow(
    program: ProgramName,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    stdin?: string,
  ): Promise<string> {
    const { code, stdout, stderr } = await this.#run(program, args, env, stdin);
    if (code === 0) return stdout;
    throw new Error(`${program} ${args.join(" ")} ended with status ${code}: ${stderr.trim()}`);
  }
}
