import { describeFailure, type Processes, type ProgramResult } from "../processes.ts";

const QUERY_TIMEOUT_MS = 30_000;
/** A service may take 90 s to stop and as long to start; a restart both. */
const ACTION_TIMEOUT_MS = 300_000;

type Argv = readonly [string, ...string[]];

/** Programs of a service manager. */
export class ManagerProgram {
  constructor(private readonly processes: Processes) {}

  /** Its status is for the caller to judge. */
  async read(argv: Argv): Promise<ProgramResult> {
    const result = await this.processes.run({ argv, timeoutMs: QUERY_TIMEOUT_MS });
    if (result.end !== "exited") throw new Error(describeFailure(argv[0], result));
    return result;
  }

  /** @throws {Error} with the manager's words unless it succeeds, or ends with a status that is as good. */
  async change(argv: Argv, asGood: readonly number[] = []): Promise<void> {
    const result = await this.processes.run({ argv, timeoutMs: ACTION_TIMEOUT_MS });
    if (result.end === "exited" && [0, ...asGood].includes(result.status)) return;
    throw new Error(describeFailure(argv.join(" "), result));
  }
}
