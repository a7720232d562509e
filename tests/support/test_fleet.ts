import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { z } from "zod";
import { askStatus } from "../../agent/commands/status.ts";
import type { AgentStatus } from "../../agent/cycle/status.ts";
import { rootPaths } from "../../shared/platform/root_paths.ts";
import { API_PREFIX } from "../../shared/rest/contract.ts";
import { enrollTokenCreate } from "../../shared/rest/enroll.ts";
import { programCommand, startProgram } from "./run_program.ts";
import type { ProgramName } from "../../tools/permissions.ts";
import { eventually } from "./eventually.ts";
import { findFreePorts } from "./free_port.ts";
import { allocateLoopback, type LoopbackEndpoint } from "./loopback_addresses.ts";
import { TestProcess } from "./process.ts";
import { exchange, type RestAnswer, type RestRequest } from "./rest_exchange.ts";
import { type CommandResult, runCommand } from "./run_command.ts";
import { runVigocli } from "./run_vigocli.ts";
import { TemporaryRoot } from "./temporary_root.ts";

/** One machine of the fleet: a root folder, and an address where its swarm engine listens. */
export interface FleetHost {
  readonly hostname: string;
  readonly root: string;
  readonly place: LoopbackEndpoint;
}

export interface TestFleetOptions {
  /** Seconds between check-ins. Short by default, so that nobody waits for the next one. */
  readonly checkInSeconds?: number;
  /** Further sections of `server.yaml`. */
  readonly sections?: Readonly<Record<string, unknown>>;
}

/** What a fleet is asked about; any endpoint of the REST contract. */
interface Asked<Answer extends z.ZodType> {
  readonly answer: Answer;
}

const DEFAULT_CHECK_IN_SECONDS = 2;
/** A start from source on a machine with two busy cores. */
const START_DEADLINE_MS = 180_000;
/** A daemon that is busy answers late; one that is stuck is asked again. */
const STATUS_DEADLINE_MS = 60_000;
/** What programs run with: a laptop's disk is often fuller than a server's; the gate itself stays on. */
export const ENVIRONMENT = { VIGO_MIN_FREE_PCT: "1", NO_COLOR: "1" };
const SKEWED_CLOCK = fileURLToPath(new URL("./skewed_clock.ts", import.meta.url));
const QUOTED_LINES = 12;
const token = enrollTokenCreate.answer.pick({ token: true });

/**
 * A real `vigosrv` and real `vigo` daemons as processes on loopback, each with a root folder of its own, started from source
 * with the rights that they ship with; `vigocli` talks to them as an operator on the server's host does.
 *
 * One fleet at a time per test process: the addresses come from its process id.
 */
export class TestFleet implements AsyncDisposable {
  readonly hosts: readonly FleetHost[];
  /** The server's own host, the first of the names: the origin of filecasts. */
  readonly hub: FleetHost;
  readonly restUrl: string;
  readonly grpcPort: number;
  readonly caFile: string;
  #server: TestProcess | undefined;
  readonly #agents = new Map<string, TestProcess>();
  /** Commands under way, which write below the folder too. */
  readonly #commands = new Set<Promise<unknown>>();
  #isStopped = false;

  private constructor(hosts: readonly FleetHost[], hub: FleetHost, ports: readonly number[]) {
    const [grpcPort, restPort] = ports;
    if (grpcPort === undefined) throw new Error("unreachable: two ports were found");
    this.hosts = hosts;
    this.hub = hub;
    this.grpcPort = grpcPort;
    this.restUrl = `https://${hub.place.hostname}:${restPort}`;
    this.caFile = join(hub.root, "srv/vigo/tls/ca.crt");
  }

  /** Lays out a fleet below `folder` and writes its `server.yaml`; nothing is started. */
  static async layOut(
    folder: string,
    hostnames: readonly string[],
    { checkInSeconds = DEFAULT_CHECK_IN_SECONDS, sections = {} }: TestFleetOptions = {},
  ): Promise<TestFleet> {
    const places = allocateLoopback(hostnames.length, 1531);
    const hosts = places.map((place, index): FleetHost => {
      const hostname = hostnames[index] ?? "";
      return { hostname, root: join(folder, hostname), place };
    });
    const [hub] = hosts;
    if (hub === undefined) throw new RangeError("Cannot lay out a fleet without a hostname");
    const ports = findFreePorts(2, hub.place.hostname);
    await Deno.mkdir(join(hub.root, "srv/vigo"), { recursive: true });
    await Deno.writeTextFile(
      join(hub.root, "srv/vigo/server.yaml"),
      stringify({
        server: {
          hostname: hub.hostname,
          listen: hub.place.hostname,
          grpc_port: ports[0],
          rest_port: ports[1],
          tls_sans: [hub.place.hostname],
        },
        checkin: { interval: `${checkInSeconds}s` },
        swarm: { enabled: ["*"], payload: { enabled: ["*"] } },
        ...sections,
      }),
    );
    return new TestFleet(hosts, hub, ports);
  }

  /**
   * Lays out a fleet in a temporary folder, starts its server, lets `test` use it, and removes everything.
   *
   * @throws {Error} what `test` threw, with the last lines of every process.
   */
  static async run(
    hostnames: readonly string[],
    test: (fleet: TestFleet) => Promise<void>,
    options: TestFleetOptions = {},
  ): Promise<void> {
    await using folder = await TemporaryRoot.create();
    await using fleet = await TestFleet.layOut(folder.path, hostnames, options);
    try {
      await fleet.startServer();
      await test(fleet);
    } catch (cause) {
      throw new Error(`${cause instanceof Error ? cause.message : cause}\n${fleet.logs()}`, {
        cause,
      });
    }
  }

  /** @throws {RangeError} if no host has that name. */
  host(hostname: string): FleetHost {
    const found = this.hosts.find((candidate) => candidate.hostname === hostname);
    if (found === undefined) throw new RangeError(`There is no host ${hostname} in this fleet`);
    return found;
  }

  /** The running server. @throws {Error} if none runs. */
  get server(): TestProcess {
    if (this.#server === undefined) throw new Error("The server does not run");
    return this.#server;
  }

  /** The running daemon of a host. @throws {Error} if none runs. */
  agent(hostname: string): TestProcess {
    const agent = this.#agents.get(hostname);
    if (agent === undefined) throw new Error(`The agent of ${hostname} does not run`);
    return agent;
  }

  /** Starts the server's process without waiting for anything. */
  launchServer(): TestProcess {
    this.#assertRunning();
    return this.#server = startProgram("vigosrv", ["--root", this.hub.root], ENVIRONMENT);
  }

  /** Starts the server and waits until it answers. */
  async startServer(): Promise<void> {
    await this.launchServer().waitForLine(/is ready: agents on/, START_DEADLINE_MS);
  }

  /** Stops the server in order. */
  async stopServer(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
  }

  /** SIGKILL, as a power cut would. */
  async killServer(): Promise<void> {
    await this.#server?.kill();
    this.#server = undefined;
  }

  /**
   * Starts a host's daemon without waiting for anything.
   *
   * @param clockOffsetMs how far the clock that it sees is ahead of this machine's.
   */
  launchAgent({ hostname, root }: FleetHost, clockOffsetMs = 0): TestProcess {
    this.#assertRunning();
    const [run = "", ...command] = programCommand("vigo", ["daemon", "--root", root]);
    const skew = clockOffsetMs === 0 ? [] : [`--preload=${SKEWED_CLOCK}`];
    const agent = TestProcess.start(Deno.execPath(), [run, ...skew, ...command], {
      env: { ...ENVIRONMENT, VIGO_TEST_CLOCK_OFFSET_MS: String(clockOffsetMs) },
    });
    this.#agents.set(hostname, agent);
    return agent;
  }

  /** Starts a host's daemon and waits until it answers on its socket. */
  async startAgent(host: FleetHost, clockOffsetMs = 0): Promise<void> {
    const { pid } = this.launchAgent(host, clockOffsetMs);
    await eventually(
      `${host.hostname} answers on its socket`,
      // A daemon that was killed left its socket, so the file alone says nothing.
      async () => (await this.status(host)).pid === pid,
      START_DEADLINE_MS,
    );
  }

  async stopAgent({ hostname }: FleetHost): Promise<void> {
    await this.#agents.get(hostname)?.stop();
    this.#agents.delete(hostname);
  }

  async killAgent({ hostname }: FleetHost): Promise<void> {
    await this.#agents.get(hostname)?.kill();
    this.#agents.delete(hostname);
  }

  /** Creates a token for one machine; `flags` are those of `vigocli enroll token create`. */
  async createToken(...flags: string[]): Promise<string> {
    return token.parse(await this.#look(["enroll", "token", "create", ...flags])).token;
  }

  /** Runs `vigo bootstrap` for a host, under its own hostname unless another is given. */
  bootstrap(
    host: Pick<FleetHost, "root" | "hostname">,
    enrolToken: string,
    hostname = host.hostname,
  ): Promise<CommandResult> {
    return this.vigo(
      host,
      ["bootstrap", "--server", this.restUrl, "--ca", this.caFile, "--hostname", hostname],
      { VIGO_TOKEN: enrolToken },
    );
  }

  /** Enrols a host with a token of its own and writes where its swarm engine listens. */
  async enrol(host: FleetHost): Promise<void> {
    const enrolToken = await this.createToken("--hostname", host.hostname);
    const { code, stderr } = await this.bootstrap(host, enrolToken);
    if (code !== 0) throw new Error(`${host.hostname} could not enrol: ${stderr.trim()}`);
    await placeSwarm(host);
  }

  /** Enrols hosts and starts their daemons; all of them when none is named. */
  async join(...hosts: readonly FleetHost[]): Promise<void> {
    const joining = hosts.length === 0 ? this.hosts : hosts;
    await Promise.all(joining.map(async (host) => {
      await this.enrol(host);
      await this.startAgent(host);
    }));
  }

  /**
   * Runs `vigocli` against this fleet and returns its standard output.
   *
   * @throws {Error} with its standard error if its status is not 0.
   */
  async cli(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.tryCli(...args);
    if (code !== 0) {
      throw new Error(`vigocli ${args.join(" ")} ended with status ${code}: ${stderr.trim()}`);
    }
    return stdout;
  }

  /** Runs `vigocli` against this fleet, however that ends. */
  tryCli(...args: string[]): Promise<CommandResult> {
    return this.#run("vigocli", this.cliArguments(...args));
  }

  /** Arguments that let `vigocli` reach this fleet's server, as on the server's own host. */
  cliArguments(...args: string[]): string[] {
    return [...args, "--root", this.hub.root];
  }

  /**
   * What `vigocli … --json` prints, read with the schema of the contract. No process is started for it.
   *
   * @throws {Error} with its standard error if its status is not 0.
   */
  async ask<Answer extends z.ZodType>(
    { answer }: Asked<Answer>,
    ...args: string[]
  ): Promise<z.output<Answer>> {
    return answer.parse(await this.#look(args));
  }

  /** A request to the API, for what `vigocli` would never send; with root's token unless a certificate is given. */
  async api(path: string, options: RestRequest = {}): Promise<RestAnswer> {
    const tokenFile = join(this.hub.root, "srv/vigo/secrets/local.token");
    const credentials = options.identity
      ? {}
      : { token: (await Deno.readTextFile(tokenFile)).trim() };
    const ca = await Deno.readTextFile(this.caFile);
    return await exchange(this.restUrl + API_PREFIX + path, ca, { ...credentials, ...options });
  }

  /** Runs a verb of `vigo` on a host, however that ends. */
  vigo(
    { root }: Pick<FleetHost, "root">,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<CommandResult> {
    return this.#run("vigo", [...args, "--root", root], env);
  }

  /** What a host's daemon says of itself, over its socket. @throws {Error} if none answers. */
  status({ root }: FleetHost): Promise<AgentStatus> {
    this.#assertRunning();
    return askStatus(rootPaths(root), AbortSignal.timeout(STATUS_DEADLINE_MS));
  }

  /** Waits until the swarm engines of hosts run, so that files can be cast; all of them when none is named. */
  async swarmRuns(...hosts: readonly FleetHost[]): Promise<void> {
    await Promise.all((hosts.length === 0 ? this.hosts : hosts).map((host) =>
      eventually(
        `the swarm engine of ${host.hostname} runs`,
        async () => (await this.status(host)).swarm.state === "running",
        START_DEADLINE_MS,
      )
    ));
  }

  /** Writes files below the server's staged stacks, by path. */
  async stage(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.hub.root, "srv/vigo/stacks", path);
      await Deno.mkdir(join(file, ".."), { recursive: true });
      await Deno.writeTextFile(file, text);
    }
  }

  /** The last lines that each process printed, for an error. */
  logs(): string {
    return [["vigosrv", this.#server] as const, ...this.#agents].map(([name, process]) =>
      `--- ${name}\n${
        process?.lines.slice(-QUOTED_LINES).map(({ text }) => text).join("\n") ?? "(not running)"
      }`
    ).join("\n");
  }

  /** Stops every process in order and starts none from then on, whoever still asks. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const agents = await Promise.allSettled(this.hosts.map((host) => this.stopAgent(host)));
    const server = await Promise.allSettled([this.stopServer()]);
    await Promise.allSettled(this.#commands);
    for (const end of [...agents, ...server]) if (end.status === "rejected") throw end.reason;
  }

  /** Ends every process at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.hosts.map((host) => this.killAgent(host)));
    await this.killServer();
    await Promise.allSettled(this.#commands);
  }

  async #run(
    program: ProgramName,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<CommandResult> {
    this.#assertRunning();
    const options = { env: { ...ENVIRONMENT, ...env } };
    return await this.#settle(runCommand(Deno.execPath(), programCommand(program, args), options));
  }

  async #look(args: readonly string[]): Promise<unknown> {
    this.#assertRunning();
    const { code, stdout, stderr } = await this.#settle(
      runVigocli(this.cliArguments(...args, "--json")),
    );
    if (code === 0) return JSON.parse(stdout);
    throw new Error(`vigocli ${args.join(" ")} ended with status ${code}: ${stderr.trim()}`);
  }

  /** Keeps the fleet's folder until a command is done with it. */
  async #settle(command: Promise<CommandResult>): Promise<CommandResult> {
    this.#commands.add(command);
    try {
      return await command;
    } finally {
      this.#commands.delete(command);
    }
  }

  #assertRunning(): void {
    if (this.#isStopped) throw new Error("The fleet is being stopped");
  }
}

/** Adds where this machine is to the configuration that bootstrap wrote. */
export async function placeSwarm({ root, place }: FleetHost): Promise<void> {
  const path = join(root, "etc/vigo-envoy/config");
  const existing = await Deno.readTextFile(path);
  const swarm = stringify({
    swarm: {
      listen_address: place.hostname,
      ...(place.port === 1531 ? {} : { port: place.port }),
    },
  });
  await Deno.writeTextFile(path, `${existing.trimEnd()}\n${swarm}`);
}
