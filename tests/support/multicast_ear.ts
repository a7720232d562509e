import type { NetworkHost } from "./network_namespaces.ts";
import type { TestProcess } from "./process.ts";

/** A multicast group and the UDP port that is spoken there. */
export interface MulticastGroup {
  readonly address: string;
  readonly port: number;
}

/** One datagram, as text. */
export interface HeardDatagram {
  /** IPv4 address of its sender. */
  readonly from: string;
  readonly text: string;
}

/** A start of the runtime on a machine with two busy cores. */
const OPEN_DEADLINE_MS = 180_000;

/**
 * A process on a host of its own that writes down what is said in a multicast group: what `tcpdump` would show, without
 * a line of the product. The port is shared with whoever else listens there.
 */
export class MulticastEar implements AsyncDisposable {
  readonly #listener: TestProcess;

  private constructor(listener: TestProcess) {
    this.#listener = listener;
  }

  /** Joins the group on `eth0` of `host`; what is said from now on is heard. */
  static async open(host: NetworkHost, { address, port }: MulticastGroup): Promise<MulticastEar> {
    // Bound to the group: a socket on 0.0.0.0 would hear every group that any process of the host has joined.
    const listen = `const socket = Deno.listenDatagram({
        transport: "udp", hostname: "${address}", port: ${port}, reuseAddress: true, loopback: true });
      await socket.joinMulticastV4("${address}", "${host.address}");
      console.log("joined");
      for await (const [bytes, from] of socket) {
        console.log(JSON.stringify({ from: from.hostname, text: new TextDecoder().decode(bytes) }));
      }`;
    const listener = host.start(Deno.execPath(), ["eval", "--unstable-net", listen]);
    try {
      await listener.waitForLine(/^joined$/, OPEN_DEADLINE_MS);
    } catch (error) {
      await listener.kill();
      throw error;
    }
    return new MulticastEar(listener);
  }

  /** Everything heard so far, oldest first. */
  get heard(): readonly HeardDatagram[] {
    return this.#listener.lines
      .filter(({ stream, text }) => stream === "stdout" && text !== "joined")
      // The lines are this class's own script's.
      .map(({ text }) => JSON.parse(text) as HeardDatagram);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.kill();
  }
}
