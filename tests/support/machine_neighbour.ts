import type { TestProcess } from "./process.ts";
import type { CommandResult } from "./run_command.ts";
import type { ThrowawayMachine } from "./throwaway_machine.ts";

/** A network namespace of the machine at the other end of a cable; it goes with the shell that made it. */
const CONNECT = `set -e
unshare --net sleep infinity & other=$!
trap 'kill $other' EXIT
until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
ip link add cable type veth peer name cable netns $other
ip addr add 192.0.2.1/24 dev cable
ip link set cable up
nsenter --target $other --net ip addr add 192.0.2.2/24 dev cable
nsenter --target $other --net ip link set cable up
nsenter --target $other --net ip link set lo up
nsenter --target $other --net ip route add 224.0.0.0/4 dev cable
echo "neighbour $other"
wait`;

/** Another host on the network of a throw-away machine: 192.0.2.2, with the machine itself at 192.0.2.1. */
export class MachineNeighbour implements AsyncDisposable {
  private constructor(
    private readonly machine: ThrowawayMachine,
    private readonly pid: string,
    private readonly guardian: TestProcess,
  ) {}

  /** One at a time for each machine. */
  static async connect(machine: ThrowawayMachine): Promise<MachineNeighbour> {
    const guardian = machine.start("sh", ["-c", CONNECT]);
    const [, pid = ""] = await guardian.waitForLine(/^neighbour (\d+)$/);
    return new MachineNeighbour(machine, pid, guardian);
  }

  /** Runs a command there to its end. */
  run(command: string, args: readonly string[]): Promise<CommandResult> {
    return this.machine.run("nsenter", ["--target", this.pid, "--net", command, ...args]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.guardian.kill();
  }
}
