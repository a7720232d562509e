import { BlockedError } from "../blocked_error.ts";
import { describeFailure, type Processes, type ProgramResult, type RunAs } from "../processes.ts";

const QUERY_TIMEOUT_MS = 120_000;
/** A large upgrade on a slow line; after that something is stuck. */
const CHANGE_TIMEOUT_MS = 3_600_000;
/** How old lists may get before they are fetched again for `latest`: as Debian's timers do where they are switched on. */
const MAX_LIST_AGE_MS = 24 * 3_600_000;
/** Details of 500 packages, the most that one resource may name. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** What every package manager says when the machine under it is at fault. */
const COMMON_FAULTS: readonly RegExp[] = [
  /no space left on device|enough free (?:disk )?space|insufficient space|disk quota exceeded/i,
  /read-only file system/i,
  /input\/output error/i,
  /could not resolve|couldn't resolve|temporary failure (?:in name resolution|resolving)/i,
  /could not connect|couldn't connect|failed to connect|connection (?:refused|timed out|reset)/i,
  /network (?:is unreachable|error)|operation timed out/i,
];

export interface ManagerOptions {
  /** Added to what every manager gets; nothing may ask. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What it says when the machine or the sources, not the request, are at fault. */
  readonly faults: readonly RegExp[];
  /** What it says of a package that its lists do not know, or that has gone from the source since they were fetched. */
  readonly unknownToLists: RegExp;
  /** Whom it has to run as; otherwise as the agent's own user. */
  readonly as?: RunAs;
  /** A clock that only goes forward; the machine's if absent. */
  readonly nowMs?: () => number;
}

type Argv = readonly [string, ...string[]];

/** The programs of one package manager, and what their failures mean. */
export class ManagerCommands {
  #listsFetchedAtMs: number | undefined;

  constructor(
    private readonly processes: Processes,
    private readonly manager: string,
    private readonly options: ManagerOptions,
  ) {}

  /** @throws {BlockedError} if it does not end; its status is for the caller to judge. */
  async read(argv: Argv): Promise<ProgramResult> {
    const result = await this.#run(argv, QUERY_TIMEOUT_MS);
    if (result.end !== "exited") throw new BlockedError(describeFailure(argv[0], result));
    return result;
  }

  /** Without an abort signal: a manager that is ended halfway leaves work behind; whoever waits may stop waiting. */
  change(argv: Argv): Promise<ProgramResult> {
    return this.#run(argv, CHANGE_TIMEOUT_MS);
  }

  async changeOrThrow(doing: string, argv: Argv): Promise<void> {
    const result = await this.change(argv);
    if (!succeeded(result)) throw this.failure(doing, result);
  }

  /**
   * Installs, and once more after fetching the lists if they do not know what is asked for. A package that is unknown to
   * lists which cannot be fetched may exist, so that is a fault of the sources.
   */
  async installFresh(
    doing: string,
    install: () => Promise<ProgramResult>,
    refresh: () => Promise<ProgramResult>,
  ): Promise<void> {
    const first = await install();
    if (succeeded(first)) return;
    if (!this.options.unknownToLists.test(first.stdout + first.stderr)) {
      throw this.failure(doing, first);
    }
    const refreshed = await refresh();
    const second = await install();
    if (succeeded(second)) return;
    if (!succeeded(refreshed)) {
      throw new BlockedError(
        `Cannot ${doing}: the package sources: ${describeFailure(this.manager, refreshed)}`,
      );
    }
    throw this.failure(doing, second);
  }

  /**
   * Fetches the lists unless this process has done so within a day.
   *
   * @throws {BlockedError} if they cannot be had: what is the newest cannot be told from old lists.
   */
  async refreshOldLists(refresh: () => Promise<ProgramResult>): Promise<void> {
    const { nowMs = () => performance.now() } = this.options;
    if (nowMs() - (this.#listsFetchedAtMs ?? -Infinity) < MAX_LIST_AGE_MS) return;
    const result = await refresh();
    if (!succeeded(result)) {
      throw new BlockedError(
        `Cannot fetch what packages there are: ${describeFailure(this.manager, result)}`,
      );
    }
    this.#listsFetchedAtMs = nowMs();
  }

  failure(doing: string, result: ProgramResult): Error {
    const message = `Cannot ${doing}: ${describeFailure(this.manager, result)}`;
    const output = result.stdout + result.stderr;
    const isFault = result.end !== "exited" ||
      [...COMMON_FAULTS, ...this.options.faults].some((fault) => fault.test(output));
    return isFault ? new BlockedError(message) : new Error(message);
  }

  #run(argv: Argv, timeoutMs: number): Promise<ProgramResult> {
    const { environment, as } = this.options;
    return this.processes.run({
      argv,
      timeoutMs,
      maxOutputBytes: MAX_ANSWER_BYTES,
      environment: { LANG: "C", LC_ALL: "C", ...environment },
      ...(as === undefined ? {} : { as }),
    });
  }
}

export function succeeded(result: ProgramResult): boolean {
  return result.end === "exited" && result.status === 0;
}
