import {
  ANNOUNCE_GROUP,
  type Announcement,
  parseAnnouncement,
} from "../../../shared/swarm/announce_line.ts";
import type { EngineLog } from "../engine/engine_log.ts";

export interface MulticastOptions {
  readonly port: number;
  /** Addresses of the interfaces to join on and to send from. */
  readonly addresses: readonly string[];
  readonly onAnnouncement: (announcement: Announcement, sourceAddress: string) => void;
  /** Called once, when no more datagrams can be received. */
  readonly onFailure: (reason: string) => void;
  readonly log: EngineLog;
}

interface Sender {
  readonly address: string;
  readonly socket: Deno.DatagramConn;
}

/**
 * The multicast group on every given interface: one socket that hears, and one per interface that speaks, bound to the
 * interface's address so that datagrams leave there whatever the default route says.
 */
export class Multicast {
  readonly #options: MulticastOptions;
  readonly #receiver: Deno.DatagramConn;
  readonly #senders: Sender[] = [];
  #closed = false;

  private constructor(options: MulticastOptions, receiver: Deno.DatagramConn) {
    this.#options = options;
    this.#receiver = receiver;
  }

  /**
   * Joins the group. An interface that fails is logged and passed over.
   *
   * @throws {Error} if the socket cannot be bound, or no interface could be joined.
   */
  static async open(options: MulticastOptions): Promise<Multicast> {
    const receiver = Deno.listenDatagram({
      transport: "udp",
      hostname: "0.0.0.0",
      port: options.port,
      // Several agents of one machine share the group's port.
      reuseAddress: true,
      loopback: true,
    });
    const multicast = new Multicast(options, receiver);
    for (const address of options.addresses) await multicast.#join(address);
    if (multicast.#senders.length === 0) {
      multicast.close();
      throw new Error(`no interface could join ${ANNOUNCE_GROUP}`);
    }
    void multicast.#receive();
    return multicast;
  }

  /** Addresses that were joined. */
  get addresses(): readonly string[] {
    return this.#senders.map(({ address }) => address);
  }

  /** Sends one datagram out of the interface with `address`. */
  async send(address: string, datagram: Uint8Array): Promise<void> {
    const sender = this.#senders.find((one) => one.address === address);
    if (!sender || this.#closed) return;
    try {
      await sender.socket.send(datagram, {
        transport: "udp",
        hostname: ANNOUNCE_GROUP,
        port: this.#options.port,
      });
    } catch (error) {
      if (this.#closed) return;
      this.#options.log("debug", "cannot send an announcement", {
        interface: address,
        reason: String(error),
      });
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#receiver.close();
    for (const { socket } of this.#senders) socket.close();
  }

  async #join(address: string): Promise<void> {
    try {
      await this.#receiver.joinMulticastV4(ANNOUNCE_GROUP, address);
      const socket = Deno.listenDatagram({
        transport: "udp",
        hostname: address,
        port: 0,
        loopback: true,
      });
      this.#senders.push({ address, socket });
    } catch (error) {
      this.#options.log("warning", "cannot join multicast on an interface", {
        interface: address,
        reason: String(error),
      });
    }
  }

  async #receive(): Promise<void> {
    try {
      for await (const [datagram, from] of this.#receiver) {
        const announcement = parseAnnouncement(datagram);
        if (announcement && from.transport === "udp") {
          this.#options.onAnnouncement(announcement, from.hostname);
        }
      }
      if (!this.#closed) this.#options.onFailure("the socket was closed");
    } catch (error) {
      if (!this.#closed) this.#options.onFailure(String(error));
    }
  }
}
