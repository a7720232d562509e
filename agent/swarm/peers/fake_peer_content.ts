import { Bitmap } from "../../../shared/swarm/bitmap.ts";
import { layoutOf } from "../../../shared/swarm/chunk_layout.ts";
import { GivenChunks } from "./given_chunks.ts";
import type { RelayedQuestion, RelayedReply } from "../relay.ts";
import type { PeerIdentity } from "./peer_identity.ts";
import type { PeerEndpoint } from "./peer_registry.ts";
import type { PeerContent, RecheckVerdict } from "./peer_routes.ts";

/** The one blob that a {@linkcode FakePeerContent} knows. */
export const FAKE_SHA = "a".repeat(64);

/** An engine that holds chunk 0 of two of one blob, and notes what it is asked. */
export class FakePeerContent implements PeerContent {
  readonly rechecked: number[] = [];
  /** What callers said they hold. */
  readonly told: { readonly sha256: string; readonly uuid: string; readonly bits: Uint8Array }[] =
    [];
  /** Where callers were called back. */
  readonly reached: string[] = [];
  busy = false;
  deaf = false;
  pushed = 0;
  room = true;
  verdict: RecheckVerdict = "sound";
  /** What the daemon was asked. */
  readonly relayed: Omit<RelayedQuestion, "ownFingerprint">[] = [];
  reply: RelayedReply = { status: 200, body: new TextEncoder().encode("{}") };
  readonly log = () => {};
  /** What was given of its blob. */
  readonly given = new GivenChunks(2);
  isSeed = false;
  /** Where its blob lies. */
  path = "/none";

  relay(question: Omit<RelayedQuestion, "ownFingerprint">) {
    this.relayed.push(question);
    return Promise.resolve(this.reply);
  }

  blob(sha256: string) {
    if (sha256 !== FAKE_SHA) return Promise.resolve("unknown" as const);
    const chunks = new Bitmap(2);
    chunks.set(0);
    const layout = layoutOf({ sizeBytes: 131_072, chunkSizeBytes: 65_536 });
    const { given, isSeed, path } = this;
    const digests = new Uint8Array(128);
    return Promise.resolve({ layout, chunks, path, digests, given, isSeed });
  }

  noteHeld(sha256: string, uuid: string, bits: Uint8Array) {
    this.told.push({ sha256, uuid, bits });
  }

  recheck(_sha256: string, chunk: number) {
    this.rechecked.push(chunk);
    return Promise.resolve(this.verdict);
  }

  manifestPage() {
    return { instance: "0".repeat(16), next: 0, more: false, fleetSerial: 0, entries: [] };
  }

  hears() {
    return !this.deaf;
  }

  acceptPush() {
    this.pushed += 1;
    return Promise.resolve();
  }

  fleet() {
    return undefined;
  }

  exchange() {
    return "";
  }

  reach(_peer: PeerIdentity, caller: PeerEndpoint) {
    if (this.busy) return Promise.resolve("busy" as const);
    this.reached.push(`${caller.address}:${caller.port}`);
    const seen = { outcome: "answered" as const, detail: "", heardAgoMs: null, listeningMs: null };
    return Promise.resolve({ ...caller, ...seen });
  }

  storage() {
    return Promise.resolve(undefined);
  }

  hasRoom() {
    return Promise.resolve(this.room);
  }

  takeUpload() {
    return Promise.resolve();
  }
}
