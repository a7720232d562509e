import { join } from "node:path";
import { stringify } from "yaml";
import { enrollTokenCreate } from "../../shared/rest/enroll.ts";
import { programCommand } from "./run_program.ts";
import type { ProgramName } from "../../tools/permissions.ts";
import { NetworkFleet, type NetworkHost } from "./network_namespaces.ts";
import type { TestProcess } from "./process.ts";
import type { CommandResult } from "./run_command.ts";
import { TemporaryRoot } from "./temporary_root.ts";

/** The host of the server. */
const HUB = "hub";
/** A start from source on a machine with two busy cores. */
const START_DEADLINE_MS = 180_000;
/** How full this machine's disk is decides nothing in these tests. */
const ENVIRONMENT = { VIGO_MIN_FREE_PCT: "1", NO_COLOR: "1" };
const QUOTED_LINES = 12;

/** A machine of the fleet: a host on the network and a root folder. */
export interface FleetMachine {
  readonly hostname: string;
  readonly host: NetworkHost;
  readonly root: string;
  /** The folder of its swarm engine. */
  readonly swarmFolder: string;
}

/** Machines of one subnet, or a list of them per subnet. */
type Hostnames = readonly string[] | readonly (readonly string[])[];

/** How a daemon of the fleet is started. */
export interface AgentOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A real `vigosrv` and real `vigo` daemons from source, each on a host with a network of its own and with its usual
 * ports. The first machine, `hub`, is the server's. Everything is gone after the scope.
 */
export class NamespacedFleet implements AsyncDisposable {
  readonly machines: readonly FleetMachine[];
  readonly hub: FleetMachine;
  readonly #resources: AsyncDisposableStack;
  readonly #processes = new Map<string, TestProcess>();

  private constructor(machines: readonly FleetMachine[], resources: AsyncDisposableStack) {
    const [hub] = machines;
    if (hub === undefined) throw new Error("unreachable: the hub is always there");
    this.machines = machines;
    this.hub = hub;
    this.#resources = resources;
  }

  /**
   * Lays out `hub` and machines with these names on one bridge; nothing is started.
   *
   * @param hostnames With a list per subnet, each has a bridge of its own, and `hub` is on the first.
   * @param sections Further sections of `server.yaml`.
   */
  static async layOut(
    hostnames: Hostnames,
    sections: Readonly<Record<string, unknown>> = {},
  ): Promise<NamespacedFleet> {
    await using resources = new AsyncDisposableStack();
    const folder = resources.use(await TemporaryRoot.create());
    const [first = [], ...others] = isPerSubnet(hostnames) ? hostnames : [hostnames];
    const subnets = [[HUB, ...first], ...others];
    const names = subnets.flat();
    const hosts = subnets.map(({ length }) => length);
    const net = resources.use(await NetworkFleet.create({ hosts }));
    const machines = names.map((hostname, index): FleetMachine => {
      const root = folder.join(hostname);
      const swarmFolder = join(root, "var/lib/vigo/swarm");
      return { hostname, host: net.host(index), root, swarmFolder };
    });
    const fleet = new NamespacedFleet(machines, resources.move());
    await Deno.mkdir(join(fleet.hub.root, "srv/vigo"), { recursive: true });
    await fleet.configure(sections);
    return fleet;
  }

  /**
   * Lays out a fleet, starts its server, lets `test` use it, and removes everything.
   *
   * @throws {Error} what `test` threw, with the last lines of every process.
   */
  static async run(
    hostnames: Hostnames,
    test: (fleet: NamespacedFleet) => Promise<void>,
    sections: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    await using fleet = await NamespacedFleet.layOut(hostnames, sections);
    await fleet.explain(async () => {
      await fleet.startServer();
      await test(fleet);
    });
  }

  /**
   * Runs a part of a test.
   *
   * @throws {Error} what `part` threw, with the last lines of every process.
   */
  async explain(part: () => Promise<void>): Promise<void> {
    try {
      await part();
    } catch (cause) {
      throw new Error(`${cause instanceof Error ? cause.message : cause}\n${this.#logs()}`, {
        cause,
      });
    }
  }

  /** Machines by name. @throws {RangeError} if there is none of a name. */
  machine(hostname: string): FleetMachine {
    const found = this.machines.find((candidate) => candidate.hostname === hostname);
    if (found === undefined) throw new RangeError(`There is no machine ${hostname} in this fleet`);
    return found;
  }

  /** Writes `server.yaml` anew; the next start of the server reads it. */
  async configure(sections: Readonly<Record<string, unknown>>): Promise<void> {
    await Deno.writeTextFile(
      join(this.hub.root, "srv/vigo/server.yaml"),
      stringify({
        server: { hostname: HUB, tls_sans: [this.hub.host.address] },
        checkin: { interval: "1s" },
        swarm: { enabled: ["*"], payload: { enabled: ["*"] } },
        ...sections,
      }),
    );
  }

  /** Starts the server, and waits until it is ready. */
  async startServer(): Promise<void> {
    const server = this.#start(this.hub, "vigosrv");
    await server.waitForLine(/ is ready: /, START_DEADLINE_MS);
  }

  /** Stops the server in order, and waits until its process is gone. */
  async stopServer(): Promise<void> {
    await this.#stop(this.hub, "vigosrv");
  }

  /**
   * Starts a machine's daemon, and waits until its swarm engine listens and announces itself.
   *
   * @param args Further flags of `vigo daemon`.
   */
  async startAgent(
    machine: FleetMachine,
    { args = [], env = {} }: AgentOptions = {},
  ): Promise<TestProcess> {
    const agent = this.#start(machine, "vigo", ["daemon", ...args], env);
    await agent.waitForLine(/swarm manager started/, START_DEADLINE_MS);
    await agent.waitForLine(/multicast announcer started/, START_DEADLINE_MS);
    return agent;
  }

  async stopAgent(machine: FleetMachine): Promise<void> {
    await this.#stop(machine, "vigo");
  }

  /** The daemon of a machine. @throws {RangeError} if it does not run. */
  agent({ hostname }: FleetMachine): TestProcess {
    const agent = this.#processes.get(`vigo on ${hostname}`);
    if (agent === undefined) throw new RangeError(`No daemon runs on ${hostname}`);
    return agent;
  }

  /** Ends a machine's daemon with SIGKILL, as a power cut would. */
  async killAgent({ hostname }: FleetMachine): Promise<void> {
    const name = `vigo on ${hostname}`;
    await this.#processes.get(name)?.kill();
    this.#processes.delete(name);
  }

  /** Enrols a machine with a token of its own. */
  async enrol(machine: FleetMachine): Promise<void> {
    const { hostname } = machine;
    const printed = await this.cli("enroll", "token", "create", "--hostname", hostname, "--json");
    const { token } = enrollTokenCreate.answer.parse(JSON.parse(printed));
    const server = `https://${this.hub.host.address}:8443`;
    const ca = join(this.hub.root, "srv/vigo/tls/ca.crt");
    const args = ["bootstrap", "--server", server, "--ca", ca, "--hostname", hostname];
    await this.vigo(machine, args, { VIGO_TOKEN: token });
  }

  /** Runs `vigocli` on the server's host and returns what it printed. @throws {Error} if its status is not 0. */
  cli(...args: string[]): Promise<string> {
    return this.#run(this.hub, "vigocli", args);
  }

  /** Runs a verb of `vigo` on a machine and returns what it printed. @throws {Error} if its status is not 0. */
  vigo(
    machine: FleetMachine,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    return this.#run(machine, "vigo", args, env);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Not by the end of their namespaces alone: what still runs would write below the folder while that is removed.
    await Promise.all([...this.#processes.values()].map((process) => process.kill()));
    await this.#resources.disposeAsync();
  }

  #start(
    { host, hostname, root }: FleetMachine,
    program: ProgramName,
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): TestProcess {
    const command = programCommand(program, [...args, "--root", root]);
    const process = host.start(Deno.execPath(), command, { env: { ...ENVIRONMENT, ...env } });
    this.#processes.set(`${program} on ${hostname}`, process);
    return process;
  }

  async #stop({ hostname }: FleetMachine, program: ProgramName): Promise<void> {
    const name = `${program} on ${hostname}`;
    const status = await this.#processes.get(name)?.stop();
    if (status?.code !== 0) throw new Error(`${name} ended with ${JSON.stringify(status)}`);
    this.#processes.delete(name);
  }

  async #run(
    { host, hostname, root }: FleetMachine,
    program: ProgramName,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const command = programCommand(program, [...args, "--root", root]);
    const { code, stdout, stderr }: CommandResult = await host.run(Deno.execPath(), command, {
      env: { ...ENVIRONMENT, ...env },
    });
    if (code === 0) return stdout;
    throw new Error(
      `${program} ${args.join(" ")} on ${hostname} ended with status ${code}: ${stderr.trim()}`,
    );
  }

  /** The last lines that each process printed, for an error. */
  #logs(): string {
    return [...this.#processes].map(([name, process]) =>
      `--- ${name}\n${process.lines.slice(-QUOTED_LINES).map(({ text }) => text).join("\n")}`
    ).join("\n");
  }
}

function isPerSubnet(hostnames: Hostnames): hostnames is readonly (readonly string[])[] {
  return hostnames.some((one) => typeof one !== "string");
}
