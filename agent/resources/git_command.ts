import { dirname } from "node:path";
import { type GitParams, gitProtocolOf } from "../../shared/config/resources/git.ts";
import { describeFailure, type ProgramResult } from "../system/processes.ts";
import type { Identity } from "./identity.ts";
import type { ApplyContext } from "./resource.ts";

/** For questions to the checkout itself. */
const LOCAL_TIMEOUT_SECONDS = 60;

/**
 * What a checkout or its owner could say to make git run a program or reach elsewhere is overruled on every call: hooks,
 * the file system monitor, submodules, helpers for credentials, and every protocol but the one of the repository.
 */
const FIXED_SETTINGS: readonly string[] = [
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "core.untrackedCache=false",
  "core.askPass=",
  "credential.helper=",
  "submodule.recurse=false",
  "fetch.recurseSubmodules=false",
  "gc.auto=0",
  "maintenance.auto=false",
  "advice.detachedHead=false",
  "protocol.allow=never",
];

/** Calls git in the folder of a checkout, as its owner. */
export class GitCommand {
  constructor(
    private readonly params: GitParams,
    private readonly identity: Extract<Identity, { ok: true }>,
    private readonly context: ApplyContext,
  ) {}

  /** A question to the checkout, or a change in it. */
  local(...args: readonly string[]): Promise<ProgramResult> {
    return this.#run(args, LOCAL_TIMEOUT_SECONDS, this.params.path, {});
  }

  /** As `local`, of what may touch every file. */
  long(...args: readonly string[]): Promise<ProgramResult> {
    return this.#run(args, this.params.timeout, this.params.path, {});
  }

  /** A call that reaches the repository, which may need credentials. */
  remote(cwd: string, ...args: readonly string[]): Promise<ProgramResult> {
    return this.#run(args, this.params.timeout, cwd, this.#credentials());
  }

  /** A program of the system, in the folder of the checkout and as its owner. */
  program(...argv: readonly [string, ...string[]]): Promise<ProgramResult> {
    return this.#start(argv, LOCAL_TIMEOUT_SECONDS, this.params.path, {});
  }

  #run(
    args: readonly string[],
    timeoutSeconds: number,
    cwd: string,
    environment: Readonly<Record<string, string>>,
  ): Promise<ProgramResult> {
    const protocol = gitProtocolOf(this.params.repository);
    const settings = [...FIXED_SETTINGS, `protocol.${protocol}.allow=always`];
    const options = settings.flatMap((setting) => ["-c", setting]);
    return this.#start(["git", ...options, ...args], timeoutSeconds, cwd, environment);
  }

  #start(
    argv: readonly [string, ...string[]],
    timeoutSeconds: number,
    cwd: string,
    environment: Readonly<Record<string, string>>,
  ): Promise<ProgramResult> {
    const { processes, signal } = this.context;
    const { program } = this.identity;
    return processes.run({
      argv,
      ...program,
      environment: {
        ...program.environment,
        // Neither the machine's nor the owner's settings have a say, and nobody is there to be asked.
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_CONFIG_GLOBAL: "/dev/null",
        GIT_TERMINAL_PROMPT: "0",
        // A damaged checkout must not be taken for part of one above it.
        GIT_CEILING_DIRECTORIES: dirname(this.params.path),
        GIT_SSH_COMMAND: sshCommand(this.params),
        ...environment,
      },
      cwd,
      timeoutMs: timeoutSeconds * 1000,
      signal,
    });
  }

  /**
   * The header goes through the environment, which the owner's processes alone can read; arguments everybody can. It is
   * bound to the host of the repository, and redirections are not followed, so that it goes nowhere else.
   */
  #credentials(): Readonly<Record<string, string>> {
    const { repository, username = "git", password } = this.params;
    if (password === undefined) return {};
    const bytes = new TextEncoder().encode(`${username}:${password}`);
    return {
      GIT_CONFIG_COUNT: "2",
      GIT_CONFIG_KEY_0: `http.${new URL(repository).origin}/.extraHeader`,
      GIT_CONFIG_VALUE_0: `Authorization: Basic ${bytes.toBase64()}`,
      GIT_CONFIG_KEY_1: "http.followRedirects",
      GIT_CONFIG_VALUE_1: "false",
    };
  }
}

/** Of a call that has to succeed, what it printed. */
export function outputOf(what: string, result: ProgramResult): string {
  if (result.end === "exited" && result.status === 0) return result.stdout.trim();
  throw new Error(describeFailure(what, result));
}

/** Nobody is there to say yes to an unknown host: `ssh_known_host` has to have named it. */
function sshCommand({ ssh_key: key }: GitParams): string {
  const words = [
    "ssh",
    "-oBatchMode=yes",
    "-oStrictHostKeyChecking=yes",
    "-oPermitLocalCommand=no",
  ];
  // The schema admits no character in the path that a shell would take for more.
  if (key !== undefined) words.push("-oIdentitiesOnly=yes", "-i", key);
  return words.join(" ");
}
