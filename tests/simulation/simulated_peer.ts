import { ANNOUNCE_PORT } from "../../shared/swarm/announce_line.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import type { PeerIdentity } from "../../agent/swarm/peers/peer_identity.ts";
import type { PeerEndpoint } from "../../agent/swarm/peers/peer_registry.ts";
import type { FakeDisk } from "./fake_disk.ts";
import type { HostLink } from "./host_link.ts";
import { PeerLife } from "./peer_life.ts";
import type { Prng } from "./prng.ts";
import type { Behaviour, Machine, World } from "./world.ts";

/** A machine of the simulation: what survives its process, and the process while it runs. */
export class SimulatedPeer implements Machine {
  /** The manifest and the peers as they stand on its disk. */
  savedEntries: readonly ManifestEntry[] = [];
  savedPeers: readonly PeerEndpoint[] = [];
  readonly endpoint: PeerEndpoint;
  #life: PeerLife | undefined;
  #lives = 0;

  constructor(
    readonly identity: PeerIdentity,
    readonly link: HostLink,
    readonly disk: FakeDisk,
    readonly behaviour: Behaviour,
    private readonly world: World,
    private readonly random: Prng,
  ) {
    this.endpoint = { address: link.address, port: ANNOUNCE_PORT };
  }

  get isUp(): boolean {
    return this.#life !== undefined;
  }

  get life(): PeerLife | undefined {
    return this.#life;
  }

  /** Starts the process with what the disk holds. */
  start(): void {
    this.#life ??= new PeerLife(this, this.world, this.random.fork(`life-${this.#lives++}`));
  }

  /** Ends the process in order. */
  stop(): void {
    this.#life?.end();
    this.#life = undefined;
  }

  /** The power goes. */
  crash(): void {
    this.#life?.abandon();
    this.#life = undefined;
    this.disk.crash();
  }

  hear(datagram: Uint8Array, sourceAddress: string): void {
    this.#life?.hear(datagram, sourceAddress);
  }

  /** Whether the blob is here as a whole. */
  holds(sha256: string): boolean {
    return this.disk.get(sha256)?.completedMs !== undefined;
  }
}
