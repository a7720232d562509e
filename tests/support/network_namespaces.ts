import { join } from "node:path";
import { TestProcess, type TestProcessOptions } from "./process.ts";
import { type CommandOptions, type CommandResult, runCommand, runOrThrow } from "./run_command.ts";

/** Hosts of one subnet: .1 to .253, since the router is .254. */
const MAX_HOSTS_PER_SUBNET = 253;
const MAX_SUBNETS = 9;
/** Building a host takes some 20 ms; 253 of them on a busy machine stay below this. */
const BUILD_DEADLINE_MS = 180_000;

/** Whether this process may build network namespaces: Linux, root, iproute2, and a kernel that agrees. */
export function canUseNamespaces(): boolean {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  try {
    const run = (command: string, args: string[]) =>
      new Deno.Command(command, { args, stdout: "null", stderr: "null" }).outputSync().success;
    return run("ip", ["-V"]) && run("unshare", ["--net", "--mount", "true"]);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

export interface NetworkFleetOptions {
  /** How many hosts on one bridge, or one number per subnet: `[3, 2]` is two subnets joined by a router. */
  readonly hosts: number | readonly number[];
}

/**
 * Hosts with addresses of their own, as network namespaces on one machine. Names are unique, so fleets of
 * parallel runs do not meet; everything is gone after the scope, and also when the test run is killed.
 *
 * @example
 * ```ts
 * await using net = await NetworkFleet.create({ hosts: 3 });
 * await using server = net.host(0).start(Deno.execPath(), ["run", "-A", "server/main.ts"]);
 * ```
 */
export class NetworkFleet implements AsyncDisposable {
  readonly hosts: readonly NetworkHost[];
  readonly #guardian: TestProcess;

  private constructor(hosts: readonly NetworkHost[], guardian: TestProcess) {
    this.hosts = hosts;
    this.#guardian = guardian;
  }

  /**
   * @throws {RangeError} if a subnet would have no host or more than 253, or there are more than 9 subnets.
   * @throws {Error} if the namespaces cannot be built; ask `canUseNamespaces` first.
   */
  static async create({ hosts }: NetworkFleetOptions): Promise<NetworkFleet> {
    const counts = typeof hosts === "number" ? [hosts] : hosts;
    if (counts.length < 1 || counts.length > MAX_SUBNETS || !counts.every(isHostCount)) {
      throw new RangeError(
        `Cannot build a network of ${
          JSON.stringify(hosts)
        } hosts: ask for 1 to ${MAX_SUBNETS} subnets of 1 to ${MAX_HOSTS_PER_SUBNET}`,
      );
    }
    const prefix = `vigo${Deno.pid}x${crypto.randomUUID().slice(0, 4)}`;
    const script = join(import.meta.dirname ?? ".", "network_fleet.sh");
    const guardian = TestProcess.start("bash", [script, prefix, ...counts.map(String)]);
    try {
      await guardian.waitForLine(/^ready$/, BUILD_DEADLINE_MS);
    } catch (error) {
      await tearDown(guardian);
      throw error;
    }
    const built = counts.flatMap((count, subnet) =>
      Array.from({ length: count }, (_, index) => new NetworkHost(prefix, subnet + 1, index + 1))
    );
    return new NetworkFleet(built, guardian);
  }

  /** @throws {RangeError} if there is no host `index`, counted from 0 through all subnets. */
  host(index: number): NetworkHost {
    const host = this.hosts[index];
    if (!host) throw new RangeError(`Cannot use host ${index}: the fleet has ${this.hosts.length}`);
    return host;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await tearDown(this.#guardian);
  }
}

/** One host of a {@linkcode NetworkFleet}: its own interfaces, routes and ports; files and users are the machine's. */
export class NetworkHost {
  /** Name of the namespace, as `ip netns` knows it. */
  readonly namespace: string;
  /** IPv4 address of `eth0`, as in `10.77.1.3`. */
  readonly address: string;
  readonly #switchNamespace: string;
  readonly #switchPort: string;

  constructor(prefix: string, subnet: number, index: number) {
    this.namespace = `${prefix}-${subnet}-${index}`;
    this.address = `10.77.${subnet}.${index}`;
    this.#switchNamespace = `${prefix}-sw`;
    this.#switchPort = `p${subnet}-${index}`;
  }

  /** Runs a command on this host to its end. */
  run(
    command: string,
    args: readonly string[] = [],
    options: CommandOptions = {},
  ): Promise<CommandResult> {
    return runCommand("ip", this.#inside(command, args), options);
  }

  /** Starts a process on this host. */
  start(
    command: string,
    args: readonly string[] = [],
    options: TestProcessOptions = {},
  ): TestProcess {
    return TestProcess.start("ip", this.#inside(command, args), options);
  }

  /**
   * Limits what this host sends and what it receives, each to `mbitPerSecond` (10⁶ bits), with a token bucket.
   * A later call replaces the limit.
   */
  async limitBandwidth(mbitPerSecond: number): Promise<void> {
    await limitDevice(this.namespace, "eth0", mbitPerSecond);
    await limitDevice(this.#switchNamespace, this.#switchPort, mbitPerSecond);
  }

  /** Pulls the cable (`false`) or plugs it in again: frames are lost, no connection is closed. */
  async setConnected(connected: boolean): Promise<void> {
    const state = connected ? "up" : "down";
    await this.#setPort(state);
  }

  /**
   * Says whether the switch passes multicast on to this host, as it does at first. What the host sends itself, and
   * everything that is not multicast, goes through in any case.
   */
  async setMulticastHeard(heard: boolean): Promise<void> {
    await this.#setPort("type", "bridge_slave", "mcast_flood", heard ? "on" : "off");
  }

  async #setPort(...settings: string[]): Promise<void> {
    const port = ["link", "set", "dev", this.#switchPort, ...settings];
    await runOrThrow("ip", ["-n", this.#switchNamespace, ...port]);
  }

  #inside(command: string, args: readonly string[]): readonly string[] {
    return ["netns", "exec", this.namespace, command, ...args];
  }
}

function isHostCount(count: number): boolean {
  return Number.isInteger(count) && count >= 1 && count <= MAX_HOSTS_PER_SUBNET;
}

async function limitDevice(namespace: string, device: string, mbitPerSecond: number) {
  // A bucket of 10 ms at full rate: smaller ones cannot reach the rate with a kernel that ticks every 4 ms.
  const burstBytes = Math.max(32_768, Math.ceil(mbitPerSecond * 1e6 / 8 / 100));
  const shape = [
    "tbf",
    "rate",
    `${mbitPerSecond}mbit`,
    "burst",
    `${burstBytes}`,
    "latency",
    "50ms",
  ];
  await runOrThrow("tc", ["-n", namespace, "qdisc", "replace", "dev", device, "root", ...shape]);
}

async function tearDown(guardian: TestProcess): Promise<void> {
  guardian.closeStdin();
  const { code } = await guardian.exited;
  if (code !== 0) throw new Error(`Cannot remove network namespaces: ${guardian.output("stderr")}`);
}
