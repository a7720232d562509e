import type { EnvoyDocument } from "../../shared/config/envoy_document.ts";
import type { FleetDocument } from "../../shared/config/fleet_document.ts";
import type { SignedBytes } from "../../shared/canonical/signed_document.ts";
import type { TlsIdentity } from "../../shared/platform/client_certificate_probe.ts";
import type { ManifestEntry, UnsignedManifestEntry } from "../../shared/swarm/manifest_entry.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { RosterPage } from "./manifest/server_roster.ts";
import type { PeerQuestion, PeerReply, RelayedQuestion, RelayedReply } from "./relay.ts";
import type { ServerAnswer, WantedContent } from "./transfer/last_resort.ts";
import type { BlobProgress, SeedProblem } from "../../shared/proto/agent.ts";

/** One address of this machine on which the swarm may be found. */
export interface NetworkInterface {
  readonly name: string;
  readonly address: string;
  readonly netmask: string;
  /** Link speed in Mbit/s; absent when the system does not tell. */
  readonly speedMbps?: number;
}

/** What the engine needs once, at its start. It never gets the ed25519 key: the daemon signs for it. */
export interface EngineStart {
  readonly kind: "start";
  /** The `swarm/` folder, absolute; the only place on disk the engine can reach. */
  readonly folder: string;
  readonly envoyUuid: string;
  readonly hostname: string;
  /** ed25519 public key of this envoy, hex. */
  readonly author: string;
  /** ed25519 public key of the server, hex: its revocations count for every entry. */
  readonly serverKey: string;
  readonly identity: TlsIdentity;
  readonly ca: string;
  /** Address the peer server and discovery bind; absent means every interface. */
  readonly listenAddress?: string;
  /** Overrides the address that is announced, host:port. */
  readonly announceAddress?: string;
  /** The peer server's port when the envoy document does not decide it (several agents on one address). */
  readonly portOverride?: number;
  /** UDP port of the announcements when it is not the usual one, so that fleets on one machine do not hear each other. */
  readonly discoveryPort?: number;
  /** A download is refused at or below this share of free space, in percent. */
  readonly minFreePercent: number;
  /** When the server last answered a check-in, ms by the local clock; absent if it never has. */
  readonly lastCheckInMs?: number;
}

/** The links that people find content by. The engine may not make links, so the daemon's side does. */
export interface SwarmLinks {
  /** `files/<label>` → `../.blobs/<sha256>`. */
  readonly files: Readonly<Record<string, string>>;
  /** `.blobs/<sha256>` → `../seed/<name>`, for blobs that are served from where they were placed. */
  readonly seeds: Readonly<Record<string, string>>;
}

/** How many links were removed, and whether the rest could be brought in line. */
export interface LinkOutcome {
  readonly removed: number;
  readonly errors: number;
}

/** From the daemon to the engine. */
export type ToEngine =
  | EngineStart
  | {
    readonly kind: "documents";
    readonly fleet: FleetDocument;
    /** The same document as it was signed, to be served to peers. */
    readonly fleetSigned: SignedBytes;
    readonly envoy: EnvoyDocument;
  }
  | { readonly kind: "traits"; readonly traits: unknown }
  | { readonly kind: "interfaces"; readonly interfaces: readonly NetworkInterface[] }
  /** Server time minus local time, in ms. */
  | { readonly kind: "clock"; readonly offsetMs: number }
  /** Cells from the server; verified by the engine like those of any peer. */
  | { readonly kind: "entries"; readonly entries: readonly ManifestEntry[] }
  /** The server has just answered a check-in; `roster` is the page of its whole manifest that the engine asked for. */
  | { readonly kind: "checked_in"; readonly atMs: number; readonly roster?: RosterPage }
  | { readonly kind: "hints"; readonly peers: readonly { envoyUuid: string; address: string }[] }
  | { readonly kind: "signed"; readonly requestId: number; readonly entry: ManifestEntry }
  /** The daemon will not sign that entry. */
  | { readonly kind: "unsigned"; readonly requestId: number; readonly reason: string }
  /** What the server gave, or why it gave nothing. */
  | { readonly kind: "fetched"; readonly requestId: number; readonly answer: ServerAnswer }
  /** The links of that request stand. */
  | { readonly kind: "linked"; readonly requestId: number; readonly outcome: LinkOutcome }
  /** A new certificate after a renewal. */
  | { readonly kind: "identity"; readonly identity: TlsIdentity }
  /** Remove what no longer belongs to anything; answered with `cleaned`. */
  | { readonly kind: "clean"; readonly requestId: number }
  /** Try the engine's worker and the hashing worker; answered with `examined`. */
  | { readonly kind: "examine"; readonly requestId: number }
  /** Look at the way to the peers, and to one of them if it is named; answered with `diagnosed`. */
  | { readonly kind: "diagnose"; readonly requestId: number; readonly peer?: string }
  /** What the daemon says to a peer's question. */
  | { readonly kind: "answered"; readonly requestId: number; readonly reply: RelayedReply }
  /** Ask a peer for the daemon; answered with `peer_answered`. */
  | { readonly kind: "ask_peer"; readonly requestId: number; readonly question: PeerQuestion }
  | { readonly kind: "stop" };

/** What the hashing worker may do, if it hashed what it was given; otherwise what stood in its way. */
export type HasherExamination =
  | { readonly ok: true; readonly rights: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/** From the engine to the daemon. */
export type FromEngine =
  | { readonly kind: "ready"; readonly port: number; readonly address: string }
  /** Cells merged since the last such event, for the server. */
  | {
    readonly kind: "entries";
    readonly entries: readonly ManifestEntry[];
    readonly digest: string;
  }
  | {
    readonly kind: "progress";
    readonly blobs: readonly BlobProgress[];
    readonly problems: readonly SeedProblem[];
  }
  /** From where on the server's whole manifest is wanted with the next check-in; empty if it is not. */
  | { readonly kind: "roster"; readonly since: string }
  | { readonly kind: "sign"; readonly requestId: number; readonly entry: UnsignedManifestEntry }
  /** Content that no peer has is wanted of the server; answered with `fetched`. */
  | {
    readonly kind: "fetch";
    readonly requestId: number;
    readonly sha256: string;
    readonly wanted: WantedContent;
    readonly sizeBytes: number;
  }
  /** A fleet document that a peer gave; the daemon verifies it before anything believes it. */
  | { readonly kind: "fleet"; readonly signed: SignedBytes }
  | {
    readonly kind: "log";
    readonly level: "debug" | "info" | "warning" | "error";
    readonly message: string;
    readonly properties: Record<string, unknown>;
  }
  | {
    readonly kind: "cleaned";
    readonly requestId: number;
    readonly danglingLinks: number;
    readonly stalePartials: number;
    readonly errors: number;
  }
  | {
    readonly kind: "examined";
    readonly requestId: number;
    /** What the engine's worker may do, as it sees it itself; see `heldRights`. */
    readonly rights: readonly string[];
    readonly hasher: HasherExamination;
  }
  /** `null` while no session runs. */
  | {
    readonly kind: "diagnosed";
    readonly requestId: number;
    readonly diagnosis: Diagnosis | null;
  }
  /** A peer asks what only the daemon can answer; answered with `answered`. */
  | { readonly kind: "asked"; readonly requestId: number; readonly question: RelayedQuestion }
  | { readonly kind: "peer_answered"; readonly requestId: number; readonly reply: PeerReply }
  /** The complete set of links that should stand; handled by `startEngine`, which answers `linked`. */
  | { readonly kind: "links"; readonly requestId: number; readonly links: SwarmLinks }
  /** There is something to hash, or nothing any more; handled by `startEngine`. */
  | { readonly kind: "hasher"; readonly wanted: boolean }
  /** The engine cannot go on; the daemon starts a new one after a pause. */
  | { readonly kind: "fatal"; readonly reason: string }
  | { readonly kind: "stopped" };
