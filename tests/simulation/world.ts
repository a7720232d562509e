import type { Bitmap } from "../../shared/swarm/bitmap.ts";
import type { ManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import type { ManifestTrust } from "../../shared/swarm/manifest_trust.ts";
import type { EntryVerifier } from "../../shared/swarm/verify_entry.ts";
import type { PeerIdentity } from "../../agent/swarm/peers/peer_identity.ts";
import type { PeerEndpoint } from "../../agent/swarm/peers/peer_registry.ts";
import type { FakeDisk } from "./fake_disk.ts";
import type { FakeNetwork, Host, Served } from "./fake_network.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** What all peers of a simulation share. */
export interface World {
  readonly time: VirtualTime;
  readonly network: FakeNetwork<Machine>;
  readonly trust: () => ManifestTrust;
  readonly verifier: EntryVerifier;
  readonly watch: Watch;
}

/** How a peer misbehaves. */
export interface Behaviour {
  /** Share of the chunks it sends whose bytes are wrong. */
  readonly corruptShare: number;
  /** Says that it holds every chunk of everything, and then does not. */
  readonly lies: boolean;
}

/** A machine as others meet it. */
export interface Machine extends Host {
  readonly identity: PeerIdentity;
  readonly endpoint: PeerEndpoint;
  readonly disk: FakeDisk;
  readonly behaviour: Behaviour;
  /** Its process, while it runs. */
  readonly life: Neighbour | undefined;
}

/** What a running process answers when it is called. */
export interface Neighbour {
  /** Notes who calls, and names other peers now and then. */
  meet(caller: Machine): readonly PeerEndpoint[];
  page(since: string): Served<Page>;
  receive(entries: readonly ManifestEntry[]): void;
  blob(sha256: string): Served<BlobReply>;
  /** @param told what the caller holds of the blob. */
  chunk(asked: AskedChunk, caller: Machine, told: Bitmap | undefined): Served<ChunkReply>;
}

/** A page of a manifest. */
export interface Page {
  readonly instance: string;
  readonly entries: readonly ManifestEntry[];
  readonly next: number;
  readonly more: boolean;
}

/** What a peer says when it is asked what it holds of a blob. */
export type BlobReply = { readonly chunks: Bitmap } | "nothing";

export interface AskedChunk {
  readonly sha256: string;
  readonly chunk: number;
  readonly chunkSizeBytes: number;
}

/** A chunk on the wire: which one its bytes are, or that they are rubbish. */
export type ChunkContent = { readonly sha256: string; readonly chunk: number } | "rubbish";

/** Whether bytes are those of a chunk, as its digest would tell. */
export function isChunk(content: ChunkContent, sha256: string, chunk: number): boolean {
  return content !== "rubbish" && content.chunk === chunk && content.sha256 === sha256;
}

/** What a peer says when it is asked for a chunk. */
export type ChunkReply =
  | {
    readonly kind: "bytes";
    readonly content: ChunkContent;
    readonly held: Bitmap | undefined;
    readonly given: Bitmap | undefined;
  }
  | { readonly kind: "not_held" }
  | { readonly kind: "given_before"; readonly given: Bitmap }
  | { readonly kind: "busy"; readonly retryAfterMs: number };

/** Told of everything that an invariant is about. */
export interface Watch {
  stored(peer: Machine, entry: ManifestEntry, chunk: number, content: ChunkContent): void;
  served(peer: Machine, sha256: string, isRevokedHere: boolean): void;
  delivered(from: Machine, sizeBytes: number): void;
  completed(peer: Machine, sha256: string): void;
}
