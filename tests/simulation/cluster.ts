import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { loadSigner, type Signer } from "../../shared/crypto/ed25519.ts";
import { chooseChunkSize, layoutOf } from "../../shared/swarm/chunk_layout.ts";
import type { Sha256 } from "../../shared/crypto/sha256.ts";
import { type ManifestEntry, manifestEntryBytes } from "../../shared/swarm/manifest_entry.ts";
import { ManifestTrust } from "../../shared/swarm/manifest_trust.ts";
import { EntryVerifier } from "../../shared/swarm/verify_entry.ts";
import { FakeDisk } from "./fake_disk.ts";
import { FakeNetwork } from "./fake_network.ts";
import { HostLink } from "./host_link.ts";
import { Invariants } from "./invariants.ts";
import { Prng } from "./prng.ts";
import { SimulatedPeer } from "./simulated_peer.ts";
import { VirtualTime } from "./virtual_time.ts";
import type { Behaviour, Machine } from "./world.ts";

export const MIB = 1024 * 1024;
export const GIB = 1024 * MIB;
/** One gigabit per second. */
export const GIGABIT_BYTES_PER_MS = 125_000;

/** When simulations begin; far from zero, as real clocks are. */
const START_MS = Date.UTC(2026, 0, 1);

/** One machine, where it differs from the others. */
export interface PeerPlan {
  readonly bytesPerMs: number;
  readonly latencyMs: number;
  readonly diskBytes: number;
  readonly segment: number;
  readonly behaviour: Behaviour;
}

const ORDINARY: PeerPlan = {
  bytesPerMs: GIGABIT_BYTES_PER_MS,
  latencyMs: 0.1,
  diskBytes: 64 * GIB,
  segment: 0,
  behaviour: { corruptShare: 0, lies: false },
};

/** A fleet under a virtual clock. The same seed gives the same run, event by event. */
export class Cluster {
  readonly time = new VirtualTime(START_MS);
  readonly random: Prng;
  readonly network: FakeNetwork<Machine>;
  readonly invariants = new Invariants();
  readonly peers: SimulatedPeer[] = [];
  readonly #verifier = new EntryVerifier();
  readonly #server: Signer;
  readonly #seeder: Signer;

  constructor(readonly seed: string) {
    this.random = new Prng(seed);
    this.#server = signerFrom(`${seed}/server`);
    this.#seeder = signerFrom(`${seed}/seeder`);
    this.network = new FakeNetwork(this.time, this.random.fork("network"));
  }

  /** The first peer: it alone may seed. */
  get origin(): SimulatedPeer {
    const [origin] = this.peers;
    if (!origin) throw new Error("a cluster without peers has no origin");
    return origin;
  }

  /** Adds a machine that is switched off. */
  add(plan: Partial<PeerPlan> = {}): SimulatedPeer {
    const { bytesPerMs, latencyMs, diskBytes, segment, behaviour } = { ...ORDINARY, ...plan };
    const index = this.peers.length;
    const hostname = index === 0 ? "origin" : `peer-${index}`;
    const digest = createHash("sha256").update(`${this.seed}/${hostname}`).digest("hex");
    const uuid = `${digest.slice(0, 8)}-${digest.slice(8, 12)}-4${digest.slice(13, 16)}-8${
      digest.slice(17, 20)
    }-${digest.slice(20, 32)}`;
    const peer = new SimulatedPeer(
      { uuid, hostname, fingerprint: digest },
      new HostLink({
        address: `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`,
        segment,
        upBytesPerMs: bytesPerMs,
        downBytesPerMs: bytesPerMs,
        latencyMs,
      }),
      new FakeDisk(diskBytes),
      behaviour,
      {
        time: this.time,
        network: this.network,
        trust: () => this.#trust(),
        verifier: this.#verifier,
        watch: this.invariants,
      },
      this.random.fork(hostname),
    );
    this.network.add(peer);
    this.peers.push(peer);
    return peer;
  }

  addMany(count: number, plan: (index: number) => Partial<PeerPlan> = () => ({})): void {
    for (let index = 0; index < count; index++) this.add(plan(index));
  }

  /** Starts every machine, within a second of each other. */
  startAll(): void {
    const random = this.random.fork("starts");
    for (const peer of this.peers) this.time.after(random.below(1_000), () => peer.start());
  }

  /** Every machine is told of some others, as the server does at check-ins. */
  hint(count: number): void {
    const random = this.random.fork("hints");
    for (const peer of this.peers) {
      const others = Array.from({ length: count }, () => random.pick(this.peers).endpoint);
      this.time.after(1_000 + random.below(10_000), () => peer.life?.suggest(others, "server"));
    }
  }

  /** Puts a blob on the origin and says that everybody in `target` is to have it. */
  seedBlob(
    name: string,
    sizeBytes: number,
    { target = "*", chunkSizeBytes = chooseChunkSize(sizeBytes) } = {},
  ): ManifestEntry {
    const { origin } = this;
    const sha256 = hexDigest(`${this.seed}/${name}`);
    const { count } = layoutOf({ sizeBytes, chunkSizeBytes });
    const blob = origin.disk.open(sha256, count, chunkSizeBytes);
    for (let chunk = 0; chunk < count; chunk++) origin.disk.write(blob, chunk);
    origin.disk.complete(blob, this.#clockMs);
    const stamp = origin.life?.manifest.nextStamp(this.#clockMs) ?? this.#clockMs;
    const entry = this.#sign(this.#seeder, {
      sha256,
      sizeBytes,
      chunkSizeBytes,
      chunksDigest: hexDigest(`${name}/chunks`),
      label: name,
      target,
      retentionSecs: 0,
      subsystem: "payload",
      origin: origin.identity.hostname,
      createdMs: stamp,
      state: "active",
      stamp,
    });
    origin.life?.publish(entry);
    return entry;
  }

  /** The word of the server that a blob is revoked; hand it to whoever is to hear it first. */
  revocation({ signature: _signature, author: _author, ...entry }: ManifestEntry): ManifestEntry {
    const stamp = Math.max(this.#clockMs, entry.stamp) + 1;
    return this.#sign(this.#server, { ...entry, state: "revoked", stamp });
  }

  /** The word of somebody whom the fleet does not know. */
  forge({ signature: _signature, author: _author, ...entry }: ManifestEntry): ManifestEntry {
    return this.#sign(signerFrom(`${this.seed}/stranger`), {
      ...entry,
      stamp: this.#clockMs + 1,
    });
  }

  /**
   * Runs until `isDone`, asking after each event, or until `limitMs` of virtual time have passed.
   *
   * @returns whether it was done.
   */
  run(limitMs: number, isDone: () => boolean = () => false): boolean {
    const untilMs = this.time.nowMs + limitMs;
    while (!isDone()) {
      if (!this.time.step(untilMs)) return isDone();
      this.invariants.check();
    }
    return true;
  }

  /** Whether every machine that is on and not a liar holds the blob. */
  allHold(sha256: string, peers: readonly SimulatedPeer[] = this.peers): boolean {
    return peers.every((peer) => !peer.isUp || peer.behaviour.lies || peer.holds(sha256));
  }

  /** Clocks count whole milliseconds. */
  get #clockMs(): number {
    return Math.floor(this.time.nowMs);
  }

  #trust(): ManifestTrust {
    const key = this.#seeder.publicKey.toHex();
    return new ManifestTrust(this.#server.publicKey.toHex(), [{ key, hostname: "origin" }]);
  }

  #sign(
    signer: Signer,
    fields: Omit<ManifestEntry, "author" | "signature">,
  ): ManifestEntry {
    const entry = { ...fields, author: signer.publicKey.toHex() };
    return { ...entry, signature: signer.sign(manifestEntryBytes(entry)).toHex() };
  }
}

function hexDigest(text: string): Sha256 {
  // 32 bytes printed as hex.
  return createHash("sha256").update(text).digest("hex") as Sha256;
}

/** DER in front of a private seed (RFC 8410, section 7). */
const PKCS8_PREFIX = "302e020100300506032b657004220420";

/** A key that is the same for the same text, so that a run can be replayed. */
function signerFrom(text: string): Signer {
  const der = Buffer.from(PKCS8_PREFIX + hexDigest(text), "hex").toString("base64");
  return loadSigner(`-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`);
}
