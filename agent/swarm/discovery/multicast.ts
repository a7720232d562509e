import {
  ANNOUNCE_GROUP,
  type Announcement,
  parseAnnouncement,
} from "../../../shared/swarm/announce_line.ts";
import type { EngineLog } from "../runtime/engine_log.ts";

/** Where announcements are sent from and heard. */
export interface AnnounceInterface {
  /** As the system calls it, such as `eth0`. */
  readonly name: string;
  readonly address: string;
  /** Whether announcements leave there, or others are only heard. */
  readonly isSpoken: boolean;
}

export interface MulticastOptions {
  readonly port: number;
  readonly interfaces: readonly AnnounceInterface[];
  readonly onAnnouncement: (announcement: Announcement, sourceAddress: string) => void;
  /** Called once, when no more datagrams can be received. */
  readonly onFailure: (reason: string) => void;
  readonly log: EngineLog;
}

/** One interface, as it does. */
export interface LinkState {
  readonly name: string;
  readonly address: string;
  readonly joined: boolean;
  /** Why nothing is heard or sent there; absent while all is well. */
  readonly problem?: string;
  /** When the last announcement left there, ms; absent before the first. */
  readonly sentMs?: number;
}

interface Link extends AnnounceInterface {
  joined: boolean;
  problem: string | undefined;
  sentMs: number | undefined;
  socket: Deno.DatagramConn | undefined;
}

/**
 * The multicast group on every given interface: one socket that hears, and one per interface that speaks, bound to the
 * interface's address so that datagrams leave there whatever the default route says.
 */
export class Multicast {
  readonly #options: MulticastOptions;
  readonly #receiver: Deno.DatagramConn;
  readonly #links: readonly Link[];
  #closed = false;

  private constructor(options: MulticastOptions, receiver: Deno.DatagramConn) {
    this.#options = options;
    this.#receiver = receiver;
    this.#links = options.interfaces.map((one) => ({
      ...one,
      joined: false,
      problem: undefined,
      sentMs: undefined,
      socket: undefined,
    }));
  }

  /**
   * Joins the group. An interface that fails is logged and passed over.
   *
   * @throws {Error} if the socket cannot be bound, or no interface could be joined.
   */
  static async open(options: MulticastOptions): Promise<Multicast> {
    const multicast = new Multicast(options, listen(options.port));
    await multicast.join();
    if (!multicast.#links.some(({ joined }) => joined)) {
      const [link] = multicast.#links;
      multicast.close();
      throw new Error(
        `no interface could join ${ANNOUNCE_GROUP}: ${link?.name}: ${link?.problem}`,
      );
    }
    void multicast.#receive();
    return multicast;
  }

  get links(): readonly LinkState[] {
    return this.#links.map(({ name, address, joined, problem, sentMs }) => ({
      name,
      address,
      joined,
      ...(problem === undefined ? {} : { problem }),
      ...(sentMs === undefined ? {} : { sentMs }),
    }));
  }

  /** Addresses that announcements leave from. */
  get spokenFrom(): readonly string[] {
    return this.#links.flatMap(({ socket, address }) => socket ? [address] : []);
  }

  /** Joins wherever that has failed so far, or where an interface went and came back. */
  async join(): Promise<void> {
    for (const link of this.#links) {
      if (this.#closed) return;
      try {
        await this.#receiver.joinMulticastV4(ANNOUNCE_GROUP, link.address);
      } catch (error) {
        // A group that is joined already cannot be joined twice.
        if (!(link.joined && error instanceof Deno.errors.AddrInUse)) {
          this.#noteProblem(link, "cannot join multicast on an interface", error);
          link.joined = false;
          continue;
        }
      }
      link.joined = true;
      this.#openSender(link);
    }
  }

  /** Sends one datagram out of the interface with `address`. */
  async send(address: string, datagram: Uint8Array): Promise<void> {
    const link = this.#links.find((one) => one.address === address);
    if (!link?.socket || this.#closed) return;
    try {
      await link.socket.send(datagram, {
        transport: "udp",
        hostname: ANNOUNCE_GROUP,
        port: this.#options.port,
      });
      link.sentMs = Date.now();
      if (link.joined) link.problem = undefined;
    } catch (error) {
      if (!this.#closed) this.#noteProblem(link, "cannot send announcements", error);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#receiver.close();
    for (const { socket } of this.#links) socket?.close();
  }

  #openSender(link: Link): void {
    if (!link.isSpoken || link.socket || this.#closed) return;
    try {
      link.socket = Deno.listenDatagram({
        transport: "udp",
        hostname: link.address,
        port: 0,
        loopback: true,
      });
      link.problem = undefined;
    } catch (error) {
      this.#noteProblem(link, "cannot send announcements", error);
    }
  }

  /** Told once, not with every announcement. */
  #noteProblem(link: Link, message: string, error: unknown): void {
    const problem = `${message}: ${error instanceof Error ? error.message : String(error)}`;
    const isNews = link.problem !== problem;
    link.problem = problem;
    if (!isNews) return;
    this.#options.log("warning", message, {
      interface: link.name,
      address: link.address,
      reason: String(error),
    });
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

/** @throws {Error} if the port cannot be had. */
function listen(port: number): Deno.DatagramConn {
  try {
    return Deno.listenDatagram({
      transport: "udp",
      hostname: "0.0.0.0",
      port,
      // Several agents of one machine share the group's port.
      reuseAddress: true,
      loopback: true,
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`cannot listen on UDP ${port}: ${reason}`, { cause });
  }
}
